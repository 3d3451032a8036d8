"""Weights that do not fit: the error names the network that they fit, or the tensors."""

import pytest
import torch
from safetensors.torch import save_file

from backbone import weights
from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from tests.backbone.test_weights import KERAS, needs_keras_weights
from tests.backbone.trunks import keras_state, random_trunk


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"alpha": 0.35}, "alpha=0.35"),
        ({"alpha": 0.4444}, "alpha=0.4443"),
        ({"body": "shallow"}, "body=shallow"),
        ({"convolution": "full"}, "convolution=full"),
        ({"alpha": 0.5, "body": "shallow"}, "alpha=0.5, body=shallow"),
    ],
    ids=str,
)
def test_weights_of_another_network_are_named(tmp_path, options, hint):
    weights.save_weights(random_trunk(**options), tmp_path / "a.safetensors")
    trunk = random_trunk()
    before = {k: v.clone() for k, v in trunk.state_dict().items()}
    with pytest.raises(InputError, match=f"fits a MobileNetV1 with {hint}") as error:
        weights.load_weights(trunk, tmp_path / "a.safetensors")
    assert "a.safetensors (native names) does not fit MobileNetV1" in str(error.value)
    for key, value in trunk.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_missing_and_unexpected_tensors_are_named_and_counted(tmp_path):
    state = keras_state(random_trunk())
    for key in ("pw1", "dw2", "dw3", "dw4", "dw5", "dw6", "dw7"):
        del state[f"{key}.weight"]
    state["extra.weight"] = torch.zeros(3)
    save_file(state, tmp_path / "a.safetensors")
    with pytest.raises(InputError) as error:
        weights.load_weights(MobileNetV1(alpha=0.25), tmp_path / "a.safetensors")
    message = str(error.value)
    assert "7 tensors missing from the file: conv1.pointwise.conv.weight, " in message
    assert "conv5.depthwise.conv.weight and 2 more" in message
    assert "1 tensor unexpected in it: extra.weight" in message


def test_shapes_of_no_known_network_are_shown(tmp_path):
    state = keras_state(random_trunk())
    state["pw3.weight"] = torch.zeros(5, 32, 1, 1)
    save_file(state, tmp_path / "a.safetensors")
    with pytest.raises(InputError) as error:
        weights.load_weights(MobileNetV1(alpha=0.25), tmp_path / "a.safetensors")
    assert "conv3.pointwise.conv.weight is [5, 32, 1, 1] there and [32, 32, 1, 1] here" in str(
        error.value
    )
    assert "it fits" not in str(error.value)


@pytest.mark.slow
@needs_keras_weights
def test_the_hint_names_the_alpha_of_the_real_weights():
    with pytest.raises(InputError, match=r"135 tensors of another shape.*with alpha=0\.75"):
        weights.load_weights(MobileNetV1(), KERAS)
