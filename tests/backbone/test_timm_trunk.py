import re

import pytest
import timm
import torch
from torch import nn

from backbone.errors import InputError
from backbone.timm_trunk import TimmTrunk
from tests.backbone.timm_networks import complete

RESNET = ("act1", "layer1", "layer2", "layer3", "layer4")
# name -> its taps
LIGHT = {
    "resnet18": RESNET,
    "mobilenetv1_100": tuple(f"blocks_{n}" for n in range(5)),
    "mobilenetv2_050": (*(f"blocks_{n}" for n in (0, 1, 2, 4, 6)), "conv_head"),
    "mobilenetv3_small_100": ("bn1", *(f"blocks_{n}" for n in (0, 1, 3, 5))),
    "efficientnet_b0": (*(f"blocks_{n}" for n in (0, 1, 2, 4, 6)), "conv_head"),
    "convnext_atto": tuple(f"stages_{n}" for n in range(4)),
    "densenet121": (
        "features_norm0",
        *(f"features_denseblock{n}" for n in (1, 2, 3)),
        "features_norm5",
    ),
    # timm reads three of its maps inside a block; the taps are the blocks' inputs
    "legacy_xception": ("act2", "block1", "block2", "block11", "act4"),
    # its maps have their channels last
    "test_mambaout": tuple(f"stages_{n}" for n in range(4)),
    # not a chain: a class token joins those of the image
    "vit_tiny_patch16_224": tuple(f"blocks_{n}" for n in range(12)),
}
# too large to run here: only their shapes are checked
LARGE = {
    "vgg16": (*(f"features_{n}" for n in (3, 8, 15, 22, 29)), "features_30"),
    "resnet50": RESNET,
    "inception_v3": ("Conv2d_2b_3x3", "Conv2d_4a_3x3", "Mixed_5d", "Mixed_6e", "Mixed_7c"),
}


def filled(name, network):
    """The trunk with the tensors of timm's complete network."""
    trunk = TimmTrunk(name).eval()
    state = network.state_dict()
    trunk.load_state_dict({key: state[theirs] for key, theirs in trunk.timm_names.items()})
    return trunk


def check_names(trunk, network):
    """Everything of timm's complete network but its classifier has one place in the trunk."""
    ours, theirs = trunk.state_dict(), network.state_dict()
    assert trunk.timm_names.keys() == ours.keys()
    assert len(set(trunk.timm_names.values())) == len(ours)
    assert all(theirs[trunk.timm_names[key]].shape == value.shape for key, value in ours.items())
    rest = {key.split(".")[0] for key in theirs.keys() - set(trunk.timm_names.values())}
    # VGG's first two linear layers and MobileNetV3's last convolution work on the pooled map
    head = {"classifier", "fc", "head", "last_linear", "pre_logits", "conv_head"}
    assert rest
    assert rest <= head - ({"conv_head"} if "conv_head" in trunk.taps else set())


@pytest.mark.slow
@pytest.mark.parametrize("name", LIGHT)
def test_the_last_map_is_timms(name):
    network = complete(name)
    trunk = filled(name, network)
    assert trunk.taps == LIGHT[name]
    check_names(trunk, network)
    height, width = trunk.input_size
    for size in [(height, width)] if "vit" in name else [(height, width), (107, 85)]:
        x = torch.randn(1, 3, *size)
        with torch.no_grad():
            expected, last = network.forward_features(x), trunk(x)
        if expected.ndim == 3:  # tokens: the class's, then the image's in rows
            expected = expected[:, 1:].mT.reshape(last.shape)
        elif name == "test_mambaout":
            expected = expected.permute(0, 3, 1, 2)
        torch.testing.assert_close(last, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["mobilenetv2_050", "test_mambaout"])
def test_the_maps_before_it_are_timms_too(name):
    network = complete(name)
    trunk = filled(name, network)
    x = torch.randn(1, 3, 96, 64)
    with torch.no_grad():
        maps = [m for tap, m in trunk.features(x).items() if tap != "conv_head"]
        expected = network.forward_intermediates(x, intermediates_only=True)
    for ours, theirs in zip(maps, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_maps_of_large_networks_have_the_declared_shapes(name):
    with torch.device("meta"):
        trunk, network = TimmTrunk(name), timm.create_model(name)
        maps = trunk.features(torch.empty(1, 3, *trunk.input_size))
        larger = trunk.features(torch.empty(1, 3, *(side + 64 for side in trunk.input_size)))
    assert trunk.taps == LARGE[name]
    check_names(trunk, network)
    for tap, info in trunk.feature_info.items():
        assert maps[tap].shape[1] == info.channels, tap
        assert larger[tap].shape[2] - maps[tap].shape[2] == 64 // info.stride, tap
        assert 0 <= -(-trunk.input_size[0] // info.stride) - maps[tap].shape[2] <= 4, tap
    front, back = trunk.split(trunk.taps[2])
    assert front[-1] is trunk._modules[trunk.taps[2]]
    assert len(front) + len(back) == len(trunk.taps)


def test_pixels_and_size_are_those_of_the_weights_the_tag_names():
    with torch.device("meta"):
        first, second = (
            TimmTrunk(f"efficientnet_b0.{tag}") for tag in ("ra_in1k", "ra4_e3600_r224_in1k")
        )
        tiny = TimmTrunk("tinynet_e")
    assert first.normalization == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert second.normalization == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert (first.input_size, tiny.input_size) == ((224, 224), (106, 106))


def test_arguments_reach_timm_and_are_recorded():
    trunk = TimmTrunk("test_convnext", drop_path_rate=0.3)
    assert trunk.options == {"name": "test_convnext", "drop_path_rate": 0.3}
    assert any(type(m).__name__ == "DropPath" for m in TimmTrunk(**trunk.options).modules())
    with pytest.raises(InputError, match=r"resnet18 does not take.*depth"):
        TimmTrunk("resnet18", depth=3)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("resnet81", "resnet18"),
        ("inceptionv3", "inception_v3"),
        ("mobilenet_v2_100", "mobilenetv2_100"),
        ("resnet18.a1_in2k", "resnet18.a1_in1k"),
        ("", "none"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, nearest):
    with pytest.raises(InputError, match=f"no network '{name}'.*{re.escape(nearest)}"):
        TimmTrunk(name)


class Tiny(nn.Module):
    """A network as timm makes them."""

    pretrained_cfg = timm.models.get_pretrained_cfg("resnet18").to_dict()

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, stride=2)
        self.kept = None

    def forward_features(self, x):
        self.kept = self.conv(x)
        return self.kept


def test_a_network_without_feature_maps(monkeypatch):
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: Tiny())
    with pytest.raises(InputError, match=r"resnet18 .* no feature maps"):
        TimmTrunk("resnet18")


def test_looking_for_the_chain_leaves_the_network_as_it_was(monkeypatch):
    network = Tiny()
    network.feature_info = [{"module": "conv", "num_chs": 5, "reduction": 2}]
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: network)
    trunk = TimmTrunk("resnet18")
    assert trunk.conv[0] is network.conv
    assert network.kept is None
    assert network.training
    assert not network.conv._forward_hooks
    assert network.conv.weight.device.type == "cpu"


def test_an_observed_network_stops_at_the_last_map_asked_for():
    trunk = TimmTrunk("test_vit").eval()
    ran = []
    for n, block in enumerate(trunk.network.blocks):
        block.register_forward_hook(lambda *_, n=n: ran.append(n))
    x = torch.randn(1, 3, 160, 160)
    with torch.no_grad():
        some, every = trunk.features(x, ["blocks_2", "blocks_0"]), trunk.features(x)
    assert list(some) == ["blocks_0", "blocks_2"]
    assert ran[:4] == [0, 1, 2, 0]
    for tap, value in some.items():
        assert torch.equal(value, every[tap])


def test_a_network_of_one_size_says_so():
    trunk = TimmTrunk("test_vit").eval()
    with pytest.raises(InputError, match=r"\(160, 160\).*not \(96, 128\).*img_size=\[96, 128\]"):
        trunk(torch.zeros(1, 3, 96, 128))
    with torch.no_grad():
        assert TimmTrunk("test_vit", img_size=[96, 128]).eval()(
            torch.zeros(1, 3, 96, 128)
        ).shape == ((1, 64, 6, 8))
