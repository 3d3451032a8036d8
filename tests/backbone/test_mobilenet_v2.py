import pytest
import timm
import torch
import torchvision
from torch import nn

from backbone.cost import Cost, cost
from backbone.mobilenet_v2 import MobileNetV2, make_divisible


class Network(nn.Module):
    """A MobileNetV2 with the paper's classifier of 1000 classes."""

    def __init__(self, **options):
        super().__init__()
        self.trunk = MobileNetV2(**options)
        self.fc = nn.Linear(self.trunk.feature_info["conv18"].channels, 1000)

    def forward(self, x):
        return self.fc(self.trunk(x).mean((2, 3)))


def test_taps_are_table_2s_bottlenecks():
    info = MobileNetV2().feature_info
    blocks = [f"block{n}" for n in range(1, 18)]
    assert list(info) == ["conv0", *blocks[:13], "block14_expand", *blocks[13:], "conv18"]
    assert [info[block].channels for block in blocks] == (
        [16] + 2 * [24] + 3 * [32] + 4 * [64] + 3 * [96] + 3 * [160] + [320]
    )
    assert [info[block].stride for block in blocks] == [2, 4, 4, 8, 8, 8, *[16] * 7, *[32] * 4]
    assert (info["conv0"].channels, info["conv18"].channels) == (32, 1280)


def test_ssdlite_reads_the_expansion_in_front_of_stride_32():
    info = MobileNetV2().feature_info["block14_expand"]
    assert (info.channels, info.stride) == (576, 16)
    assert "block14_expand" not in MobileNetV2(expansion=1).taps


# alpha -> mult-adds at 224 and parameters with a classifier of 1000 classes. The paper's Table 4
# prints 300 M and 3.4 M for 1.0, 585 M and 6.9 M for 1.4; the networks released since have these.
RELEASED = {
    1.4: Cost(582_195_824, 6_108_776),
    1.3: Cost(509_374_560, 5_386_792),
    1.0: Cost(300_774_272, 3_504_872),
    0.75: Cost(209_069_792, 2_636_424),
    0.5: Cost(97_131_840, 1_968_680),
    0.35: Cost(59_285_808, 1_677_128),
}


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "expected"), RELEASED.items())
def test_costs_are_the_released_networks(alpha, expected):
    with torch.device("meta"):
        assert cost(Network(alpha=alpha), torch.empty(1, 3, 224, 224)) == expected


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [1.4, 1.0, 0.35])
def test_torchvision_and_timm_cost_the_same(alpha):
    with torch.device("meta"):
        image = torch.empty(1, 3, 224, 224)
        torchvisions = torchvision.models.mobilenet_v2(width_mult=alpha)
        timms = timm.create_model(f"mobilenetv2_{round(100 * alpha):03d}")
        assert cost(torchvisions, image) == cost(timms, image) == RELEASED[alpha]


@pytest.mark.parametrize(
    ("width", "rounded"),
    [(11.2, 16), (12, 16), (11.9, 16), (44.8, 48), (1, 8), (33.6, 32), (36, 40)],
)
def test_widths_round_to_eights_and_lose_no_more_than_a_tenth(width, rounded):
    assert make_divisible(width) == rounded


@pytest.mark.parametrize("alpha", [0.1, 0.6, 1.27])
def test_other_widths_are_torchvisions(alpha):
    with torch.device("meta"):
        ours, theirs = Network(alpha=alpha), torchvision.models.mobilenet_v2(width_mult=alpha)
    shapes = [[tuple(p.shape) for p in network.parameters()] for network in (ours, theirs)]
    assert shapes[0] == shapes[1]


def test_shortcuts_join_equal_maps_and_nothing_else():
    trunk = MobileNetV2(alpha=0.35).eval()
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        maps = trunk.features(x)
        joined = [
            n
            for n in range(2, 18)
            if n != 14
            and not torch.equal(
                maps[f"block{n}"],
                nn.Sequential.forward(trunk._modules[f"block{n}"], maps[f"block{n - 1}"]),
            )
        ]
    assert joined == [3, 5, 6, 8, 9, 10, 12, 13, 15, 16]


def test_bottlenecks_are_linear():
    trunk = MobileNetV2(alpha=0.35).eval()
    with torch.no_grad():
        maps = trunk.features(torch.randn(1, 3, 64, 64))
    assert all(maps[f"block{n}"].min() < 0 for n in range(1, 18))
    for tap in ("conv0", "block14_expand", "conv18"):
        assert maps[tap].min() >= 0
        assert maps[tap].max() <= 6


def test_tensor_names_follow_one_rule():
    names = {key.rpartition(".")[0] for key in MobileNetV2(alpha=0.35).state_dict()}
    layers = {"conv0", "conv18", "block1.depthwise", "block1.project", "block14_expand"}
    layers |= {"block14.depthwise", "block14.project"}
    layers |= {
        f"block{n}.{layer}"
        for n in (*range(2, 14), 15, 16, 17)
        for layer in ("expand", "depthwise", "project")
    }
    assert names == {f"{layer}.{part}" for layer in layers for part in ("conv", "bn")}


def test_expansion_widens_every_block_but_the_first():
    trunk = MobileNetV2(alpha=0.5, expansion=3)
    assert trunk.block1.depthwise.bn.num_features == trunk.conv0.bn.num_features
    for n in range(2, 18):
        inputs = trunk.feature_info[f"block{n - 1}"].channels
        assert trunk._modules[f"block{n}"].depthwise.bn.num_features == 3 * inputs


def test_pixel_normalisation_goes_with_the_weights():
    assert MobileNetV2(0.35).normalization == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    trunk = MobileNetV2(0.35, normalization="imagenet")
    config = timm.models.get_pretrained_cfg("mobilenetv2_100")
    assert trunk.normalization == (config.mean, config.std)
    assert trunk.options["normalization"] == "imagenet"


@pytest.mark.parametrize(
    "options",
    [{"alpha": 0.35}, {"expansion": 4}, {"alpha": 0.6, "expansion": 2}],
    ids=str,
)
def test_options_are_read_off_the_shapes(options):
    with torch.device("meta"):
        shapes = {k: v.shape for k, v in MobileNetV2(**options).state_dict().items()}
    trunk = MobileNetV2(padding="symmetric")
    assert trunk.options_fitting(shapes) == options
    assert trunk.options_fitting({"conv13.pointwise.bn.weight": (1024,)}) == {}


@pytest.mark.slow
def test_no_options_make_another_network_fit():
    trunk = MobileNetV2(alpha=0.35)
    shapes = {k: v.shape for k, v in trunk.state_dict().items()}
    assert trunk.options_fitting(shapes) == {}  # it fits as it is
    assert trunk.options_fitting(shapes | {"extra.weight": (1,)}) == {}


def test_a_near_linear_start_keeps_neighbours_close_and_gradients_level():
    """The usual start drives inputs apart, and its gradients grow on the way."""

    def measure(initialisation: str) -> tuple[float, float]:
        torch.manual_seed(0)
        trunk = MobileNetV2(0.35, initialisation=initialisation).train()
        x = torch.rand(8, 3, 64, 64) * 2 - 1
        y = trunk(x)
        y.backward(torch.randn_like(y))
        first, last = trunk.conv0.conv.weight, trunk.conv18.conv.weight
        growth = (first.grad.norm() * first.norm()) / (last.grad.norm() * last.norm())
        with torch.no_grad():
            apart = (trunk(x + 0.01 * torch.randn_like(x)) - y).norm() / (y - y.mean(0)).norm()
        return growth.item(), apart.item()

    (growth, apart), (he_growth, he_apart) = measure("near_linear"), measure("he")
    assert growth < he_growth / 3
    assert apart < he_apart / 3
