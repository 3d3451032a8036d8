"""A folded network answers like the network that it was made of, which stays as it was."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._dynamo.backends.common import aot_autograd

from backbone.classifier import Classifier
from backbone.conv import SameConv2d, convolution
from backbone.folding import FoldedConv, folded, keep_casts
from backbone.head import Head
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.norms import norms_behind
from backbone.timm_trunk import TimmTrunk
from backbone.weights import load_weights
from tests.backbone.test_conv import same_reference

TRUNKS = {
    "v1": lambda: MobileNetV1(0.25),
    "v1 full": lambda: MobileNetV1(0.25, body="shallow", convolution="full"),
    "v1 symmetric": lambda: MobileNetV1(0.25, padding="symmetric"),
    "v2": lambda: MobileNetV2(0.35),
    "timm": lambda: TimmTrunk("mobilenetv3_small_050"),
    "timm, TensorFlow's padding": lambda: TimmTrunk("tf_mobilenetv3_small_minimal_100"),
}


def trained(network):
    """A network whose batch norms all differ, in the suite's memory format."""
    torch.manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
            layer.weight.data.uniform_(0.8, 1.2)
            layer.bias.data.normal_(0, 0.1)
    return network.to(memory_format=torch.channels_last).eval()


def norms(network):
    return [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]


def images(count, *size):
    batch = torch.randn(count, 3, *size, generator=torch.Generator().manual_seed(0))
    return batch.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("trunk", TRUNKS)
def test_outputs_are_equal_and_the_network_is_untouched(trunk):
    network = trained(Classifier(TRUNKS[trunk](), num_classes=10))
    before = copy.deepcopy(network.state_dict())
    answering = folded(network.train())
    assert network.training
    assert norms(network)
    assert not norms(answering)
    network.eval()
    for batch in (images(2, 64, 96), images(1, 61, 75), images(1, 32, 32)):
        with torch.inference_mode():
            expected, found = (n.trunk.features(batch) for n in (network, answering))
            for tap, map_ in expected.items():
                tolerance = 1e-5 * map_.abs().max().item()
                torch.testing.assert_close(found[tap], map_, rtol=0, atol=tolerance)
            torch.testing.assert_close(answering(batch), network(batch), rtol=1e-5, atol=1e-5)
    assert network.state_dict().keys() == before.keys()
    assert all(torch.equal(tensor, before[k]) for k, tensor in network.state_dict().items())


def test_a_folded_network_can_be_folded():
    network = trained(Classifier(MobileNetV1(0.25), num_classes=10))
    twice = folded(folded(network))
    torch.testing.assert_close(twice(images(1, 64, 64)), network(images(1, 64, 64)))


def test_later_training_of_the_network_does_not_reach_folded_weights():
    network = trained(Classifier(MobileNetV1(0.25), num_classes=10))
    answering = folded(network)
    before = answering(images(1, 32, 32))
    nn.init.zeros_(network.trunk.conv0.conv.weight)
    assert torch.equal(answering(images(1, 32, 32)), before)
    assert not torch.equal(network(images(1, 32, 32)), before)


@pytest.mark.parametrize("way", ["oneDNN", "torch"])
@pytest.mark.parametrize("size", [(8, 8), (7, 7), (8, 7), (7, 8), (1, 2), (3, 4)], ids=str)
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (3, 1), (5, 2), (1, 2), (2, 2), (3, 4)])
@pytest.mark.parametrize("groups", [1, 4])
def test_same_padding_without_a_copy(way, size, kernel, stride, groups, monkeypatch):
    if way == "torch":
        monkeypatch.setattr(FoldedConv, "suits_onednn", lambda *_: False)
    torch.manual_seed(0)
    conv = SameConv2d(4, 8, kernel, stride, groups=groups)
    bn = trained(nn.Sequential(nn.BatchNorm2d(8)))[0]
    x = torch.randn(2, 4, *size).contiguous(memory_format=torch.channels_last)
    map_ = same_reference(x, conv.weight, stride, groups) + conv.bias[:, None, None]
    for relu6 in (False, True):
        output = FoldedConv(conv, bn, relu6)(x)
        expected = F.relu6(bn(map_)) if relu6 else bn(map_)
        torch.testing.assert_close(output, expected, rtol=1e-5, atol=1e-5)
        assert output.is_contiguous(memory_format=torch.channels_last)


def test_the_input_of_a_strided_convolution_is_not_copied(monkeypatch):
    def no_pad(*_):
        raise AssertionError("copied the image")

    monkeypatch.setattr("backbone.conv.pad_end", no_pad)
    monkeypatch.setattr("backbone.folding.pad_end", no_pad)
    conv = convolution(3, 4, kernel=3, stride=2)
    assert FoldedConv(conv)(torch.zeros(1, 3, 8, 10)).shape == (1, 4, 4, 5)
    with pytest.raises(AssertionError):
        conv(torch.zeros(1, 3, 8, 10))


def test_a_1x1_convolution_as_a_matrix_product():
    conv = FoldedConv(nn.Conv2d(6, 5, 1))
    x = images(2, 3, 4).repeat(1, 2, 1, 1)
    torch.testing.assert_close(conv.as_product(x), conv(x))


def test_gradients_reach_the_image():
    network = trained(Classifier(MobileNetV1(0.25), num_classes=10))
    gradients = []
    for net in (network, folded(network)):
        with torch.inference_mode():
            net(images(1, 64, 64))  # what it keeps from here is of use below
        image = images(1, 64, 64).requires_grad_()
        net(image)[0, 3].backward()
        gradients.append(image.grad)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_a_folded_network_can_be_traced():
    answering = folded(trained(Classifier(MobileNetV1(0.25), num_classes=10)))
    batch = images(1, 64, 64)
    with torch.no_grad():
        traced = torch.jit.trace(answering, batch)
        torch.testing.assert_close(traced(batch), answering(batch), rtol=1e-5, atol=1e-5)


def test_autocast_computes_in_its_own_type():
    network = trained(Classifier(MobileNetV1(0.25), num_classes=10))
    answering = folded(network)
    exact = network(images(2, 64, 64))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert answering.trunk(images(2, 64, 64)).dtype == torch.bfloat16
        assert answering.trunk.conv0.conv.cast_weight.dtype == torch.bfloat16
        rounded = answering(images(2, 64, 64))
        unfolded = network(images(2, 64, 64))
    assert (rounded - exact).abs().max() < 2 * (unfolded - exact).abs().max() + 1e-3
    # and outside of it, as before
    torch.testing.assert_close(answering(images(2, 64, 64)), exact, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_nothing_is_kept_of_a_compiled_call():
    """A CUDA graph, which torch.compile may make of the call, writes over what it has made."""
    answering = folded(trained(Classifier(MobileNetV1(0.25), num_classes=10)))
    compiled = torch.compile(answering, backend="eager")
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        first = compiled(images(2, 64, 64))
        assert answering.trunk.conv0.conv.cast_weight is None
        assert torch.equal(first, answering(images(2, 64, 64)))


@pytest.mark.slow
def test_a_folded_network_is_one_graph():
    answering = folded(trained(Classifier(MobileNetV1(0.25), num_classes=10)))
    with torch.inference_mode():
        found = torch.compile(answering, backend="eager", fullgraph=True)(images(2, 64, 64))
        expected = answering(images(2, 64, 64))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def conversions(network: nn.Module) -> int:
    """How often the compiled network's graph converts a tensor to another type."""
    found = 0

    def count(graph, _):
        nonlocal found
        kinds = torch.ops.aten._to_copy.default, torch.ops.prims.convert_element_type.default
        found = sum(node.target in kinds for node in graph.graph.nodes)
        return graph.forward

    torch.compiler.reset()
    compiled = torch.compile(network, backend=aot_autograd(fw_compiler=count))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        compiled(images(2, 64, 64))
    return found


@pytest.mark.slow
def test_a_graph_does_not_convert_weights_that_are_kept():
    answering = folded(trained(Classifier(MobileNetV1(0.25), num_classes=10)))
    weights = sum(
        len(list(m.parameters())) for m in answering.modules() if isinstance(m, FoldedConv)
    )
    before = conversions(answering)
    with torch.autocast("cpu", torch.bfloat16):
        keep_casts(answering, torch.device("cpu"))
    assert conversions(answering) == before - weights
    assert "cast_weight" not in str(answering.state_dict().keys())


class Branching(nn.Module):
    """One foldable pair, and four that look like one."""

    def __init__(self) -> None:
        super().__init__()
        self.good, self.good_bn = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)
        self.read_twice, self.read_twice_bn = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)
        self.standardised, self.standardised_bn = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)
        self.returned, self.returned_bn = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)
        self.shared, self.shared_bn = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)

    def forward(self, x):
        x = self.good_bn(self.good(x))
        y = self.read_twice(x)
        x = self.read_twice_bn(y) + y
        weight = self.standardised.weight
        x = self.standardised_bn(F.conv2d(x, weight / weight.norm(), self.standardised.bias))
        y = self.returned(x)
        x = self.returned_bn(y)
        x = self.shared_bn(self.shared(x))
        return y, self.shared(x)


def test_only_a_norm_that_alone_reads_a_plain_convolution_is_found():
    found = norms_behind(Branching(), lambda n: n(torch.empty(1, 3, 4, 4, device="meta")))
    assert found == {"good": "good_bn"}


class Remembering(Head):
    """A head that keeps its last map, with its gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = MobileNetV1(0.25)

    def forward(self, images):
        self.last = self.trunk(images)
        return self.last.mean((2, 3))


def test_a_network_that_cannot_be_copied_answers_itself():
    head = Remembering()
    assert folded(head) is not head
    head(images(1, 64, 64))
    assert folded(head) is head


@pytest.mark.parametrize("size", [160, 161])
def test_the_official_weights_give_equal_logits(shared, size):
    network = Classifier(MobileNetV1(0.75), num_classes=1000)
    file = shared / "weights/mobilenet_v1_0.75_224_keras_float.safetensors"
    load_weights(network.trunk, file)
    network = network.to(memory_format=torch.channels_last).eval()
    with torch.inference_mode():
        expected, found = network(images(2, size, size)), folded(network)(images(2, size, size))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.fixture
def full_float32(monkeypatch):
    """Without TF32, which a run in the same process has turned on."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    yield
    torch.set_float32_matmul_precision(before)


@pytest.mark.cuda
@pytest.mark.usefixtures("full_float32")
@pytest.mark.parametrize("trunk", TRUNKS)
@pytest.mark.parametrize("bf16", [False, True])
def test_on_a_gpu(trunk, bf16):
    network = trained(Classifier(TRUNKS[trunk](), num_classes=10)).cuda()
    answering, batch = folded(network), images(2, 64, 96).cuda()
    with torch.inference_mode():
        expected = network(batch)
        with torch.autocast("cuda", torch.bfloat16, enabled=bf16):
            found = answering(batch)
    scale = expected.abs().max().item()
    tolerance = (0.05 if bf16 else 1e-4) * scale
    torch.testing.assert_close(found.float(), expected, rtol=0, atol=tolerance)


def test_a_network_that_has_answered_can_be_copied():
    network = folded(trained(Classifier(MobileNetV1(0.25), num_classes=10)))
    with torch.inference_mode():
        answer = network(images(1, 64, 64))
        assert torch.equal(copy.deepcopy(network)(images(1, 64, 64)), answer)
