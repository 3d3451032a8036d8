"""The form of weights: known, said, measured, and refused."""

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import save_file
from torch import nn

from backbone.errors import InputError
from backbone.folded import adopt_statistics, batch_statistics, unfolded
from backbone.forms import FORM, KERAS_OPTIONS, PYTORCH_OPTIONS, TIMM_V1_OPTIONS
from backbone.mobilenet_v1 import MobileNetV1
from backbone.weight_names import SCHEMES
from backbone.weights import save_weights
from tasks.cli.configuration import compose_config
from tasks.images.preprocessing import Preprocess
from tasks.training.form import with_form

pytestmark = pytest.mark.slow


def form(*overrides):
    config = compose_config(["task=imagenet", *overrides])
    return {name: config.backbone[name] for name in FORM}


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], KERAS_OPTIONS),
        (["backbone.weights=none"], KERAS_OPTIONS),
        (["backbone=mobilenet_v2", "backbone.weights=keras"], KERAS_OPTIONS),
        (["backbone=mobilenet_v2", "backbone.weights=timm"], PYTORCH_OPTIONS),
        (["backbone.weights=timm"], TIMM_V1_OPTIONS),
        (["backbone.weights=timm", "backbone.bn_eps=0.1"], TIMM_V1_OPTIONS | {"bn_eps": 0.1}),
        (["backbone.weights=a.pth"], dict.fromkeys(FORM)),
        (["task.head.weights=best.ckpt"], dict.fromkeys(FORM)),
    ],
    ids=str,
)
def test_what_is_known_without_reading_a_file(overrides, expected):
    assert form(*overrides) == expected


def test_every_scheme_states_its_form():
    for scheme in SCHEMES:
        assert set(scheme.options) == set(FORM), scheme.name


def config(weights, **said):
    backbone = {"_target_": "backbone.mobilenet_v1.MobileNetV1", "alpha": 0.25, "weights": weights}
    return OmegaConf.create({"backbone": backbone | dict.fromkeys(FORM) | said})


def no_images():
    raise AssertionError("it needs no images")


def test_a_file_of_ours_says_its_form(tmp_path):
    path = tmp_path / "a.safetensors"
    save_weights(MobileNetV1(0.25, padding="symmetric"), path)
    given = config(str(path), bn_eps=0.5)
    filled = with_form(given, no_images).backbone
    assert (filled.padding, filled.bn_eps, filled.normalization) == ("symmetric", 0.5, "half")
    assert given.backbone.padding is None


@pytest.fixture(scope="module")
def pixels():
    """Blurred colours of many kinds: neighbours are alike, as in photographs."""
    generator = torch.Generator().manual_seed(0)
    small = torch.rand(8, 3, 6, 6, generator=generator)
    large = nn.functional.interpolate(small, (64, 64), mode="bicubic").clamp(0, 1)
    return (large * 255).byte()


@pytest.mark.parametrize("published", [KERAS_OPTIONS, PYTORCH_OPTIONS], ids=["keras", "pytorch"])
def test_the_form_of_an_unknown_file_is_measured(tmp_path, pixels, published, capsys):
    torch.manual_seed(0)
    trunk = MobileNetV1(0.25, **published)
    # statistics that a training on such images leaves; some channels vary little, as trained ones
    # do, so that epsilon matters
    with torch.no_grad():
        for layer in trunk.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight[::4] *= 0.02
    preprocess = Preprocess(trunk.normalization)
    norms = [m for m in trunk.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:  # one by one: what one passes on depends on its own statistics
        mean, variance = batch_statistics(trunk, [preprocess(pixels)])[norm]
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
    path = tmp_path / "unknown.safetensors"
    save_file(trunk.state_dict(), path)
    filled = with_form(config(str(path)), lambda: pixels).backbone
    assert {name: filled[name] for name in FORM} == published
    assert "does not say its form" in capsys.readouterr().out
    # what the user said is not tried again
    filled = with_form(config(str(path), padding=published["padding"]), lambda: pixels).backbone
    assert {name: filled[name] for name in FORM} == published
    with pytest.raises(InputError, match=r"Set backbone\.padding=same or symmetric, backbone\.bn"):
        with_form(config(str(path)), None)
    with pytest.raises(InputError, match=r"fit none well enough: best backbone\.padding="):
        with_form(config(str(path)), lambda: torch.zeros_like(pixels))


def test_statistics_are_adopted_and_the_answers_stay():
    torch.manual_seed(0)
    trunk = MobileNetV1(0.25).eval()
    folded = {k: v for k, v in trunk.state_dict().items() if ".bn." not in k}
    folded |= {
        k.replace("conv.weight", "conv.bias"): torch.randn(len(v)) * 0.1 for k, v in folded.items()
    }
    trunk.load_state_dict(unfolded(folded, 1e-3), strict=False)
    images = torch.randn(4, 3, 64, 64)
    with torch.no_grad():
        before = trunk(images)
        alone = nn.functional.conv2d(nn.functional.pad(images, (0, 1, 0, 1)),
            folded["conv0.conv.weight"], folded["conv0.conv.bias"], 2)  # fmt: skip
        torch.testing.assert_close(trunk.conv0(images), alone.clamp(0, 6))
        trunk.train()
        trunk.requires_grad_(False)
        adopt_statistics(trunk, [images])
        assert torch.equal(trunk.eval()(images), before), "what is frozen stays as it is"
        trunk.requires_grad_(True).train()
        adopt_statistics(trunk, [images[:2], images[2:]])
        assert trunk.training
        torch.testing.assert_close(trunk.eval()(images), before, rtol=1e-3, atol=1e-4)
        # training sees the statistics that evaluation uses
        torch.testing.assert_close(trunk.train()(images), before, rtol=0.05, atol=0.02)


def test_a_contradiction_is_refused(tmp_path, run, tiny):
    path = tmp_path / "a.safetensors"
    save_weights(MobileNetV1(0.25, padding="symmetric"), path)
    answer = run(*tiny, f"backbone.weights={path}", "backbone.padding=same", code=2)
    assert f"backbone.padding=same: {path} was trained with symmetric" in answer.err
