import copy

import pytest
import torch
from torch import nn

from backbone.classifier import Classifier
from backbone.conv import SameConv2d
from backbone.folding import folded
from backbone.integers import LITERT, XNNPACK, as_integers
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.quantized import (
    QuantizedConv2d,
    QuantizedConvBN,
    QuantizedLinear,
    Rounding,
    in_float,
    quantized_layers,
)
from backbone.quantizing import quantize
from backbone.timm_trunk import TimmTrunk

SIZE = (64, 64)


def call(network, images):
    return network(images)


def network(trunk=None):
    """A small classifier whose batch norms have statistics, and whose answers differ."""
    torch.manual_seed(0)
    head = Classifier(trunk or MobileNetV1(alpha=0.25), 7).train()
    for _ in range(3):
        head(torch.randn(8, 3, *SIZE))
    nn.init.normal_(head.fc.weight)
    nn.init.normal_(head.fc.bias)
    return head.eval()


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(1)
    return [torch.randn(8, 3, *SIZE) for _ in range(2)]


@pytest.fixture(scope="module")
def quantized(images):
    quantization = quantize(network(), call, SIZE)
    quantization.calibrate(images)
    return quantization


def test_rounding_has_256_levels_and_zero_is_one():
    rounding = Rounding()
    rounding.range.copy_(torch.tensor([-0.31, 2.0]))
    x = torch.linspace(-1, 3, 4001)
    rounded = rounding(x)
    assert len(rounded.unique()) == 256
    assert 0 in rounded
    step = (2.0 + 0.31) / 255
    inside = (x > -0.3) & (x < 1.99)
    assert (rounded - x)[inside].abs().max() <= step / 2 + 1e-6
    assert rounded[0] == pytest.approx(-0.31, abs=step / 2)
    assert rounded[-1] == pytest.approx(2.0, abs=step / 2)


def test_a_range_without_zero_is_widened_to_it():
    rounding = Rounding()
    rounding.range.copy_(torch.tensor([1.0, 2.0]))
    assert rounding(torch.zeros(3)).eq(0).all()


def test_watching_widens_the_range_or_moves_it():
    rounding = Rounding()
    rounding.active = False
    rounding.watching = True
    rounding(torch.tensor([-1.0, 2.0]))
    rounding(torch.tensor([0.0, 3.0]))
    assert rounding.range.tolist() == [-1, 3]
    rounding.share = 0.25
    rounding(torch.tensor([0.0, 7.0]))
    assert rounding.range.tolist() == [-0.75, 4]
    first = Rounding()
    first.watching, first.share = True, 0.25
    first(torch.tensor([-2.0, 2.0]))
    assert first.range.tolist() == [-2, 2]


def test_tensors_keep_their_names():
    plain = network()
    names = set(plain.state_dict())
    quantization = quantize(plain, call, SIZE)
    added = set(plain.state_dict()) - names
    assert names <= set(plain.state_dict())
    assert {name.rpartition(".")[2] for name in added} == {"range"}
    assert len(quantization.layers) == 28


def test_only_what_no_layer_rounds_is_rounded_before_a_layer(quantized):
    assert quantized.sources["trunk.conv0"] == "trunk.conv0.before"
    assert quantized.sources["trunk.conv1.depthwise"] == "trunk.conv0.after"
    assert quantized.sources["fc"] == "fc.before"  # the mean over the map's cells
    before = [p for p, layer in quantized.layers.items() if layer.before is not None]
    assert before == ["trunk.conv0", "fc"]
    assert quantized.layers["fc"].after is None


def test_in_float_it_is_the_network_that_it_was(quantized, images):
    with torch.no_grad(), in_float(quantized.network):
        torch.testing.assert_close(
            quantized.network(images[0]), network()(images[0]), atol=1e-4, rtol=1e-4
        )


def test_rounding_moves_the_answers_a_little(quantized, images):
    with torch.no_grad():
        exact, rounded = network()(images[0]), quantized.network(images[0])
    assert 0 < (exact - rounded).square().mean() < 0.1 * exact.var()


def test_gradients_pass_the_rounding(quantized, images):
    quantized.network(images[0]).square().sum().backward()
    for name, parameter in quantized.network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
    quantized.network.zero_grad()


def test_what_reads_a_shared_map_shares_its_rounding():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 4, 3)
            self.left, self.right = nn.Conv2d(4, 2, 1), nn.Conv2d(4, 2, 1)

        def forward(self, x):
            x = self.first(x)
            return self.left(x), self.right(x), self.right(x + 1)

    quantization = quantize(Two(), call, SIZE)
    assert quantization.sources["left"] == "first.after"
    assert quantization.sources["right"] == "right.before"  # it has two kinds of inputs


@pytest.mark.parametrize("trunk", [MobileNetV1, MobileNetV2])
def test_every_layer_of_integers_gives_what_the_quantised_one_gives(trunk, images):
    quantization = quantize(network(trunk(alpha=0.25)), call, SIZE)
    quantization.calibrate(images)
    quantization.correct_biases(images)
    integers = as_integers(quantization.network)
    seen = {}
    hooks = [
        layer.register_forward_hook(lambda _, x, y, path=path: seen.update({path: (x[0], y)}))
        for path, layer in quantization.layers.items()
    ]
    with torch.no_grad():
        quantization.network(images[0])
        for hook in hooks:
            hook.remove()
        for path, (x, y) in seen.items():
            layer = integers.get_submodule(path)
            assert layer.weight.dtype == torch.int8
            assert layer.bias is None or layer.bias.dtype == torch.int32
            assert torch.equal(layer(x), y), path
    assert len(seen) == len(quantization.layers)


@pytest.mark.parametrize("notation", [XNNPACK, LITERT])
def test_every_notation_is_of_the_same_levels(notation, quantized, images):
    unsigned, signed = as_integers(quantized.network), as_integers(quantized.network, notation)
    with torch.no_grad():
        assert torch.equal(unsigned(images[0]), signed(images[0]))


def test_a_channel_of_next_to_no_weight_keeps_its_bias(images):
    plain = network()
    plain.trunk.conv0.bn.weight.data[0] = 1e-12
    plain.trunk.conv0.bn.bias.data[0] = 3.0
    quantization = quantize(plain, call, SIZE)
    quantization.calibrate(images)
    with torch.no_grad():
        channel = as_integers(quantization.network).trunk.conv0(images[0])[:, 0]
    torch.testing.assert_close(channel, torch.full_like(channel, 3.0), atol=0.02, rtol=0)


def test_corrected_biases_bring_the_means_back(images):
    quantization = quantize(network(), call, SIZE, bits=7)
    quantization.calibrate(images)

    def offset():
        with torch.no_grad():
            exact = network()(images[0])
            return (quantization.network(images[0]) - exact).mean(0).square().sum()

    before = offset()
    quantization.correct_biases(images)
    assert offset() < 0.5 * before


def test_seven_bits_use_integers_up_to_63():
    quantization = quantize(network(), call, SIZE, bits=7)
    quantization.calibrate([torch.randn(2, 3, *SIZE)])
    weight = as_integers(quantization.network).trunk.conv0.weight
    assert weight.abs().max() == 63


def test_layers_in_float_have_float_weights(quantized, images):
    mixed = [path for path in quantized.layers if not path.startswith("trunk.conv0")]
    try:
        quantized.use(mixed)
        integers = as_integers(quantized.network)
        assert integers.trunk.conv0.weight.dtype == torch.float32
        assert integers.trunk.conv0.after is not None  # the next layer reads integers
        assert integers.trunk.conv0.before is None
        with torch.no_grad():
            torch.testing.assert_close(
                integers(images[0]), quantized.network(images[0]), atol=0.5, rtol=0
            )
        quantized.use(())
        with torch.no_grad():
            torch.testing.assert_close(
                quantized.network(images[0]), network()(images[0]), atol=1e-4, rtol=1e-4
            )
    finally:
        quantized.use(quantized.layers)


def test_the_layer_that_suffers_most_has_the_largest_error(images):
    plain = network()
    # one weight that leaves no levels for the others of its channel
    weight = plain.trunk.conv5.pointwise.conv.weight.data
    weight[:, 0] = 500 * weight.abs().max()
    plain.trunk.conv5.depthwise.bn.weight.data[0] = 0
    plain.trunk.conv5.depthwise.bn.bias.data[0] = 0
    quantization = quantize(plain, call, SIZE)
    quantization.calibrate(images)
    errors = quantization.errors(images)
    assert max(errors, key=errors.__getitem__) == "trunk.conv5.pointwise"
    assert set(errors) == set(quantization.layers)
    assert not any(layer.exact for layer in quantization.layers.values())


def test_a_folded_network_quantises_like_its_origin(quantized, images):
    again = quantize(folded(network()), call, SIZE)
    again.calibrate(images)
    with torch.no_grad():
        one, other = quantized.network(images[0]), again.network(images[0])
    assert (one - other).square().mean() < 0.01 * one.var()


def test_folding_a_quantised_network_keeps_its_rounding(quantized, images):
    copy_ = folded(quantized.network)
    with torch.no_grad():
        assert torch.equal(copy_(images[0]), quantized.network(images[0]))
    assert quantized_layers(copy_).keys() == quantized_layers(quantized.network).keys()


def test_other_networks_have_their_batch_norms_folded(images):
    head = network(TimmTrunk("resnet10t"))
    plain = copy.deepcopy(head)
    quantization = quantize(head, call, SIZE)
    assert not [m for m in head.modules() if type(m) is nn.BatchNorm2d]
    kinds = {type(layer) for layer in quantization.layers.values()}
    assert kinds == {QuantizedConv2d, QuantizedLinear}
    quantization.calibrate(images)
    with torch.no_grad():
        exact, rounded = plain(images[0]), head(images[0])
    assert (exact - rounded).square().mean() < 0.1 * exact.var()


def test_padding_is_tensorflows():
    head = network()
    assert isinstance(head.trunk.conv0.conv, SameConv2d)
    layer = QuantizedConvBN(head.trunk.conv0, 8)
    x = torch.randn(1, 3, 33, 40)
    with torch.no_grad(), in_float(nn.ModuleList([layer])):
        torch.testing.assert_close(layer(x), head.trunk.conv0(x), atol=1e-5, rtol=1e-4)


def test_integers_can_be_copied_and_hold_no_other_tensors(quantized):
    integers = copy.deepcopy(as_integers(quantized.network))
    kinds = {t.dtype for t in integers.trunk.buffers()} | {t.dtype for t in integers.parameters()}
    assert kinds == {torch.int8, torch.int32, torch.int64, torch.float32}
    weights = sum(t.numel() for t in integers.buffers() if t.dtype == torch.int8)
    plain = network()
    assert weights == sum(t.numel() for n, t in plain.named_parameters() if t.ndim > 1)
    assert not list(integers.trunk.parameters())


@pytest.mark.cuda
def test_a_gpu_trains_it_without_waiting():
    quantization = quantize(network(), call, SIZE)
    quantization.calibrate([torch.randn(4, 3, *SIZE)])
    head = quantization.network
    x = torch.randn(4, 3, *SIZE)
    expected = head(x)
    head.cuda()
    x = x.cuda()
    for rounding in (m for m in head.modules() if isinstance(m, Rounding)):
        rounding.watching, rounding.share = True, 0.0
    head(x).sum().backward()  # the first call sets libraries up
    torch.cuda.set_sync_debug_mode("error")
    try:
        output = head(x)
        output.sum().backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert (output.cpu() - expected).square().mean() < 0.01 * expected.var()
