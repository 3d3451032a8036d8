"""The contract every trunk keeps. A new trunk is one more line in TRUNKS."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.timm_trunk import TimmTrunk
from backbone.trunk import Trunk

# name -> how to build it, small enough to run in a moment
TRUNKS: dict[str, Callable[[], Trunk]] = {
    "v1-1.0": MobileNetV1,
    "v1-0.75": lambda: MobileNetV1(alpha=0.75),
    "v1-0.35": lambda: MobileNetV1(alpha=0.35),
    "v1-0.25": lambda: MobileNetV1(alpha=0.25),
    "v1-0.25-symmetric": lambda: MobileNetV1(alpha=0.25, padding="symmetric"),
    "v1-0.25-shallow": lambda: MobileNetV1(alpha=0.25, body="shallow"),
    "v1-0.25-full": lambda: MobileNetV1(alpha=0.25, convolution="full"),
    "v2-1.0": MobileNetV2,
    "v2-0.35": lambda: MobileNetV2(alpha=0.35),
    "v2-0.35-symmetric": lambda: MobileNetV2(alpha=0.35, padding="symmetric"),
    "v2-0.5-expansion-1": lambda: MobileNetV2(alpha=0.5, expansion=1),
    "timm-resnet18": lambda: TimmTrunk("resnet18"),
    "timm-mobilenetv2": lambda: TimmTrunk("mobilenetv2_050"),
    "timm-mobilenetv3": lambda: TimmTrunk("mobilenetv3_small_050"),
    "timm-convnext": lambda: TimmTrunk("test_convnext"),
    "timm-xception": lambda: TimmTrunk("legacy_xception"),
    # any size: its position embedding is interpolated
    "timm-vit": lambda: TimmTrunk("test_vit", dynamic_img_size=True, dynamic_img_pad=True),
}
# These are not chains of stages: they give their maps but cannot be split.
OBSERVED = ("timm-vit",)


@pytest.fixture(params=TRUNKS, scope="module")
def trunk(request):
    torch.manual_seed(0)
    return TRUNKS[request.param]()


@pytest.fixture
def chain(trunk, request):
    """A trunk that can be cut in two."""
    assert trunk.is_chain == (request.node.callspec.params["trunk"] not in OBSERVED)
    if not trunk.is_chain:
        with pytest.raises(InputError, match="cannot be cut"):
            trunk.split(trunk.taps[0])
        pytest.skip("a network that cannot be split")
    return trunk


def sizes(trunk, height, width):
    with torch.no_grad():
        maps = trunk.eval().features(torch.zeros(1, 3, height, width))
    return {tap: tuple(m.shape) for tap, m in maps.items()}


@pytest.mark.parametrize("size", [(224, 224), (97, 131), (64, 75)], ids=str)
def test_declared_channels_and_strides_are_true(trunk, size):
    shapes = sizes(trunk, *size)
    assert tuple(shapes) == trunk.taps == tuple(trunk.feature_info)
    for tap, info in trunk.feature_info.items():
        _, channels, height, width = shapes[tap]
        assert channels == info.channels, tap
        cells = [-(-side // info.stride) for side in size]
        if isinstance(trunk, TimmTrunk):  # some of these do not pad every layer
            assert cells[0] - 3 <= height <= cells[0], tap
            assert cells[1] - 3 <= width <= cells[1], tap
        else:
            assert [height, width] == cells, tap


def test_a_map_grows_by_one_cell_with_every_stride(trunk):
    period = math.lcm(*(info.stride for info in trunk.feature_info.values()))
    small, large = sizes(trunk, 97, 75), sizes(trunk, 97 + period, 75 + 2 * period)
    for tap, info in trunk.feature_info.items():
        cells = period // info.stride
        *rest, height, width = small[tap]
        assert large[tap] == (*rest, height + cells, width + 2 * cells), tap


def test_forward_is_the_last_tap_and_a_batch_of_one_works_in_eval(trunk):
    x = torch.randn(1, 3, 70, 64)
    with torch.no_grad():
        last = trunk.eval()(x)
        assert torch.equal(last, trunk.features(x)[trunk.taps[-1]])
    assert last.isfinite().all()


def test_split_recomposes_bit_for_bit(chain):
    x = torch.randn(1, 3, 38, 48)
    with torch.no_grad():
        whole = chain.eval().features(x)
        for tap in chain.taps:
            front, back = chain.split(tap)
            middle = front(x)
            assert torch.equal(middle, whole[tap]), tap
            assert torch.equal(back(middle), whole[chain.taps[-1]]), tap


def test_split_shares_the_parameters(chain):
    front, back = chain.split(chain.taps[1])
    halves = [*front.parameters(), *back.parameters()]
    assert {id(p) for p in halves} == {id(p) for p in chain.parameters()}
    assert len(halves) == len(list(chain.parameters()))


def test_nothing_runs_beyond_the_last_tap_asked_for(chain):
    ran = []
    handles = [
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
        for name, module in chain.named_children()
    ]
    taps = (chain.taps[2], chain.taps[1])
    with torch.no_grad():
        maps = chain.eval().features(torch.zeros(1, 3, 32, 32), taps)
    for handle in handles:
        handle.remove()
    assert list(maps) == [chain.taps[1], chain.taps[2]]
    assert ran == list(chain.taps[:3])


def test_unknown_tap_names_the_known_ones(trunk):
    message = rf"'conv99'.*{trunk.taps[0]}.*{trunk.taps[-1]}"
    with pytest.raises(InputError, match=message):
        trunk.features(torch.zeros(1, 3, 32, 32), [trunk.taps[0], "conv99"])
    with pytest.raises(InputError, match=message):
        trunk.split("conv99")


def test_gradients_reach_every_parameter(trunk):
    trunk.train().zero_grad()
    with torch.no_grad():
        for parameter in trunk.parameters():
            # a scale that starts at 0, as ResNet's, would hide what lies behind it
            parameter.add_(torch.randn_like(parameter), alpha=0.01)
    trunk(torch.randn(2, 3, 64, 64)).square().sum().backward()
    for name, parameter in trunk.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_channels_last_stays_channels_last_and_changes_nothing(trunk):
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = trunk.eval().features(x)
        trunk.to(memory_format=torch.channels_last)
        maps = trunk.features(x.contiguous(memory_format=torch.channels_last))
    for tap in trunk.taps:
        # the maps of a transformer are made of tokens
        if not isinstance(trunk, TimmTrunk):
            assert maps[tap].is_contiguous(memory_format=torch.channels_last), tap
        torch.testing.assert_close(maps[tap], expected[tap], rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_the_options_make_the_same_network_again(trunk):
    with torch.device("meta"):
        again = type(trunk)(**trunk.options)
    assert (again.taps, again.options) == (trunk.taps, trunk.options)
    shapes = [{k: v.shape for k, v in t.state_dict().items()} for t in (again, trunk)]
    assert shapes[0] == shapes[1]


def test_names_of_timms_tensors_come_with_timms_networks(trunk):
    if isinstance(trunk, TimmTrunk):
        assert trunk.timm_names.keys() == trunk.state_dict().keys()
    else:
        assert trunk.timm_names is None


def test_normalization_is_on_the_unit_scale(trunk):
    mean, std = trunk.normalization
    assert len(mean) == len(std) == 3
    assert all(0 <= value <= 1 for value in mean)
    assert all(0 < value <= 1 for value in std)


@pytest.mark.slow
def test_compiles_as_one_graph_and_runs_under_autocast():
    torch.manual_seed(0)
    trunk = MobileNetV1(alpha=0.25).eval()
    x = torch.randn(2, 3, 64, 64)
    compiled = torch.compile(
        lambda x: trunk.features(x, ("conv11", "conv13")), backend="eager", fullgraph=True
    )
    with torch.no_grad():
        expected = trunk.features(x, ("conv11", "conv13"))
        maps = compiled(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            low = trunk(x)
    for tap, value in expected.items():
        torch.testing.assert_close(maps[tap], value)
    assert low.dtype == torch.bfloat16
    error = (low.float() - expected["conv13"]).norm() / expected["conv13"].norm()
    assert error < 0.05


@pytest.mark.parametrize(("mobilenet", "layers"), [(MobileNetV1, 27), (MobileNetV2, 52)])
def test_batch_norm_settings_reach_every_layer(mobilenet, layers):
    trunk = mobilenet(alpha=0.35, bn_eps=1e-5, bn_momentum=0.1)
    norms = [m for m in trunk.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == layers
    assert {(m.eps, m.momentum) for m in norms} == {(1e-5, 0.1)}


@pytest.mark.parametrize("mobilenet", [MobileNetV1, MobileNetV2])
def test_padding_changes_even_sizes_only(mobilenet):
    same, symmetric = mobilenet(0.35).eval(), mobilenet(0.35, padding="symmetric").eval()
    symmetric.load_state_dict(same.state_dict())
    with torch.no_grad():
        odd = torch.randn(1, 3, 97, 65)  # 97, 49, 25, 13, 7: odd at every stride
        torch.testing.assert_close(same(odd), symmetric(odd))
        even = torch.randn(1, 3, 96, 64)
        assert not torch.allclose(same(even), symmetric(even), atol=1e-3)


OF_BOTH = {"alpha": (0, -1, math.nan, math.inf, "0.5"), "bn_eps": (0, -1), "bn_momentum": (1.5,)}
OF_BOTH |= {"padding": ("valid",), "normalization": ("none",), "initialisation": ("zeros",)}
OF_V1 = {"body": ("narrow",), "convolution": ("depthwise",), "min_width": (0,)}


@pytest.mark.parametrize(
    ("mobilenet", "wrong"),
    [(MobileNetV1, OF_BOTH | OF_V1), (MobileNetV2, OF_BOTH | {"expansion": (0, 2.5)})],
)
def test_bad_options_are_named(mobilenet, wrong):
    for name, values in wrong.items():
        for value in values:
            with pytest.raises(InputError, match=f"{mobilenet.__name__}: {name}={value!r}"):
                mobilenet(**{name: value})
