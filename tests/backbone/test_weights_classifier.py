"""When a source's classifier is loaded, and what is said if it is not."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from backbone import weights
from backbone.mobilenet_v1 import MobileNetV1
from tests.backbone.trunks import IDS, keras_state, random_trunk, write_checkpoint


@pytest.mark.parametrize(
    ("outputs", "channels", "classes", "why"),
    [
        (7, 256, None, "dropped classifier of 10 classes (7 here)"),
        (10, 512, None, "dropped classifier of 10 classes (on 256 channels)"),
        (10, 256, [*IDS[:3], "ants", *IDS[4:]], "class 3 is n00000003 there, ants here)"),
        (10, 256, IDS[::-1], "class 0 is n00000000 there, n00000009 here)"),
    ],
    ids=["number", "channels", "others", "order"],
)
def test_a_classifier_of_other_classes_is_dropped(tmp_path, outputs, channels, classes, why):
    path = write_checkpoint(tmp_path / "a.ckpt", random_trunk(), nn.Linear(256, 10), IDS)
    trunk, fc = MobileNetV1(alpha=0.25), nn.Linear(channels, outputs)
    before = fc.weight.clone()
    report = weights.load_weights(trunk, path, fc, classes=classes)
    assert not report.classifier_loaded
    assert (len(report.matched), report.dropped) == (135, ("fc.weight", "fc.bias", "head.extra"))
    assert why in str(report)
    assert torch.equal(fc.weight, before)


def test_a_file_without_classifier_says_so(tmp_path):
    weights.save_weights(random_trunk(), tmp_path / "a.safetensors")
    report = weights.load_weights(
        MobileNetV1(alpha=0.25), tmp_path / "a.safetensors", nn.Linear(256, 10)
    )
    assert not report.classifier_loaded
    assert "135 tensors matched, no classifier in it" in str(report)


def test_a_classifier_of_classes_that_the_file_does_not_name(tmp_path):
    save_file(keras_state(random_trunk()), tmp_path / "a.safetensors")
    fc = nn.Linear(256, 10)
    report = weights.load_weights(
        MobileNetV1(alpha=0.25), tmp_path / "a.safetensors", fc, classes=IDS
    )
    assert report.classifier_loaded
    assert "classifier of 10 classes loaded (the source does not say which)" in str(report)
