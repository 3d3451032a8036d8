"""FPNLite: TensorFlow's layers and anchors, shared and separate towers, and that it learns."""

import math

import pytest
import torch
from torch import nn
from torchvision.ops import sigmoid_focal_loss

from backbone.cost import Cost, cost
from backbone.errors import InputError
from backbone.folding import folded
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.quantized import QuantizedConvBN
from backbone.quantizing import quantize
from backbone.timm_mobilenet import MobileNetV4
from tasks.detection.anchors import octave_anchors
from tasks.detection.pyramid import Pyramid, SharedTower
from tasks.detection.ssd_fpn import SSDFPN
from tasks.tables.counting import build_row, compose_row, network_of
from tests.tasks.detection.test_ssd import NoSync, batch, detection

pytestmark = pytest.mark.slow


def folded_alike(head: nn.Module) -> nn.Module:
    """A folded copy, which has no batch norm and gives the detector's outputs."""
    copy = folded(head)
    images = torch.randn(2, 3, 96, 96)
    with torch.no_grad():
        for ours, theirs in zip(copy(images), head(images), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    assert not [m for m in copy.modules() if isinstance(m, nn.BatchNorm2d)]
    return copy


def small(size: int = 96, outputs: int = 91) -> SSDFPN:
    torch.manual_seed(0)
    return SSDFPN(MobileNetV2(0.35), outputs, size)


def rounded_alike(head: nn.Module) -> None:
    """Let a detector compute in integers: its logits hardly change, and not at all when folded."""
    images = torch.randn(2, 3, 96, 96)
    with torch.no_grad():
        exact = head(images)[1]
    quantization = quantize(head, lambda network, x: network(x), (96, 96))
    quantization.calibrate([images])
    with torch.no_grad():
        rounded = head(images)[1]
        torch.testing.assert_close(folded(head)(images)[1], rounded)
    assert 0 < (rounded - exact).square().mean() / exact.var() < 0.05


def with_statistics(network: nn.Module) -> nn.Module:
    """Batch norms whose statistics differ from map to map."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 2)
    return network.eval()


def separable_cost(inputs: int, outputs: int, cells: int, norms: int, bias: bool = False) -> Cost:
    """Of a 3x3 depthwise and a 1x1 convolution, by hand."""
    weights = inputs * 9 + inputs * outputs
    return Cost(cells * weights, weights + norms * 2 * outputs + bias * outputs)


def test_the_cost_is_that_of_the_published_configuration():
    """Layer by layer after ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8.config: five maps of
    40x40 to 3x3 cells, 128 deep, with a tower of four layers and 6 anchors of 91 classes.
    """
    cells = [side**2 for side in (40, 20, 10, 5, 3)]
    layers = [Cost(n * width * 128, width * 128 + 128)  # projections, with biases
              for n, width in zip(cells[:3], (32, 96, 1280), strict=True)]  # fmt: skip
    layers += [separable_cost(128, 128, n, norms=1) for n in (cells[0], cells[1])]  # smoothing
    layers += [separable_cost(128, 128, n, norms=1) for n in (cells[3], cells[4])]  # coarse maps
    layers += [separable_cost(128, 128, sum(cells), norms=5)] * 4  # the tower
    layers += [separable_cost(128, 6 * n, sum(cells), norms=0, bias=True) for n in (4, 91)]
    with torch.device("meta"):
        images = torch.empty(1, 3, 320, 320)
        trunk = cost(MobileNetV2(), images)
        head = SSDFPN(MobileNetV2(), 91, 320)
        counted = cost(head, images)
    assert counted.mult_adds == trunk.mult_adds + sum(layer.mult_adds for layer in layers)
    assert counted.parameters == trunk.parameters + sum(layer.parameters for layer in layers)
    assert str(counted) == "985.0 M mult-adds, 2.63 M parameters"


def test_the_configuration_is_that_network():
    network = network_of(compose_row("task=ssdlite_fpn_coco"))
    with torch.device("meta"):
        counted = cost(build_row(network, 91), torch.empty(1, 3, 320, 320))
    assert str(counted) == "985.0 M mult-adds, 2.63 M parameters"


@pytest.mark.parametrize(
    ("make", "taps"),
    [
        (MobileNetV1, ["conv5", "conv11", "conv13"]),
        # the expansion of block 14 lies inside a block
        (MobileNetV2, ["block6", "block13", "conv18"]),
        (lambda: MobileNetV4("conv_small"), ["blocks_1", "blocks_2", "blocks_4"]),
    ],
    ids=["V1", "V2", "V4"],
)
@pytest.mark.parametrize("size", [(128, 128), (100, 164)], ids=str)
def test_any_trunk_and_size(make, taps, size):
    with torch.device("meta"):
        head = SSDFPN(make(), 91, size)
        code, logits = head(torch.empty(2, 3, *size))
    assert head.taps == taps
    assert code.shape == (2, len(head.anchors), 4)
    assert logits.shape == (2, len(head.anchors), 91)


def test_anchors_by_hand():
    maps, strides = [(40, 40), (20, 20), (10, 10), (5, 5), (3, 3)], [8, 16, 32, 64, 128]
    boxes = octave_anchors(maps, strides, (320, 320))
    assert boxes.shape == (12_804, 4)
    # the finest cell: sides 32 and 32 sqrt(2), then twice as wide as high, then its transpose
    sides = boxes[:6, 2:] - boxes[:6, :2]
    root = math.sqrt(2)
    wide = [[32 * root, 32 / root], [64.0, 32.0]]
    expected = [[32.0, 32], [32 * root, 32 * root], *wide, *(side[::-1] for side in wide)]
    torch.testing.assert_close(sides, torch.tensor(expected))
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    torch.testing.assert_close(centres[:6], torch.full((6, 2), 4.0))
    torch.testing.assert_close(centres[6], torch.tensor([12.0, 4.0]))
    # 320 is no multiple of 128, so the coarsest cells begin at the edge
    coarsest = centres[-9 * 6 :: 6]
    torch.testing.assert_close(coarsest[[0, 1, 3]], torch.tensor([[0.0, 0], [128, 0], [0, 128]]))


def test_a_coarser_map_reaches_every_finer_one():
    torch.manual_seed(0)
    pyramid = with_statistics(Pyramid([4, 8, 16], 16, extra=2))
    maps = [torch.rand(1, c, n, n) for c, n in ((4, 12), (8, 6), (16, 3))]
    changed = [*maps[:2], maps[2] + torch.randn(1, 16, 3, 3)]
    with torch.no_grad():
        before, after = pyramid(maps), pyramid(changed)
    assert [m.shape[2] for m in before] == [12, 6, 3, 2, 1]
    assert all((a - b).abs().sum() > 0 for a, b in zip(before, after, strict=True))
    with torch.no_grad():
        finer = pyramid([maps[0] + 1, *maps[1:]])
    assert not torch.equal(finer[0], before[0])
    assert all(torch.equal(a, b) for a, b in zip(before[1:], finer[1:], strict=True))


def test_maps_share_convolutions_and_not_batch_norm():
    torch.manual_seed(0)
    tower = SharedTower(8, layers=2, maps=3)
    x = torch.rand(2, 8, 5, 5)
    same = tower.eval()([x, x, x])
    assert torch.equal(same[0], same[2])
    with_statistics(tower)
    different = tower([x, x, x])
    assert not torch.equal(different[0], different[2])
    tower.separate_maps()
    for ours, theirs in zip(tower([x, x, x]), different, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_folded_copy_answers_alike_and_has_no_batch_norm():
    head = with_statistics(small())
    folded_alike(head)
    assert head.tower.separate is None, "the network itself stays as it is"


def test_it_can_compute_in_integers():
    head = with_statistics(small(outputs=5))
    rounded_alike(head)
    layers = [module for tower in head.tower.separate for module in tower]
    assert len(layers) == 5 * 4
    assert all(isinstance(layer.pointwise, QuantizedConvBN) for layer in layers)


def test_the_loss_is_torchvisions_focal_loss():
    torch.manual_seed(0)
    head = small(outputs=4)
    logits, target = torch.randn(2, 7, 4), torch.randint(0, 4, (2, 7))
    hot = nn.functional.one_hot(target, 4)[..., 1:].float()
    expected = sigmoid_focal_loss(logits[..., 1:], hot, alpha=0.25, gamma=2.0).sum(-1)
    torch.testing.assert_close(head.classify(logits, target), expected)


def test_a_step_reaches_every_parameter_and_never_waits():
    task = detection(small()).train()
    with NoSync():
        terms = task.loss(batch())
        sum(terms.values()).backward()
    assert terms.keys() == {"classification", "box"}
    assert all(term.isfinite() and term > 0 for term in terms.values())
    assert not [n for n, p in task.named_parameters() if p.grad is None or not p.grad.abs().sum()]


def test_a_map_that_the_trunk_lacks_is_refused():
    with torch.device("meta"), pytest.raises(InputError, match="no map 'conv11'; it has conv0"):
        SSDFPN(MobileNetV2(), 91, 96, taps=["block6", "conv11"])


def test_the_command_trains_it_and_folds_its_answer(run, tiny, tmp_path):
    options = [option for option in tiny[1:] if "alpha" not in option]
    answer = run("task=ssdlite_fpn_coco", *options, "backbone.alpha=0.35", "trainer.max_epochs=1")
    assert "TensorFlow's FPNLite 320" in answer.out
    (path,) = (tmp_path / "runs" / "ssdlite_fpn_coco").iterdir()
    assert (path / "best.ckpt").is_file()
