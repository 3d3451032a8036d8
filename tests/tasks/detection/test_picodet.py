"""PicoDet: the published costs, folded and integer copies, and a step that never waits."""

import pytest
import torch
from torch import nn
from torchvision.ops import generalized_box_iou_loss

from backbone.cost import cost
from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.timm_mobilenet import MobileNetV3
from tasks.detection.boxes import iou, overlap_of_pairs
from tasks.detection.picodet import PicoDet
from tasks.detection.quality_losses import QualityFocal, Varifocal
from tasks.tables.counting import build_row, compose_row, network_of
from tests.tasks.detection.test_ssd import NoSync, batch, check_degenerate_boxes, detection
from tests.tasks.detection.test_ssd_fpn import folded_alike, rounded_alike, with_statistics

pytestmark = pytest.mark.slow


def small(size: int = 96, outputs: int = 91, **options) -> PicoDet:
    torch.manual_seed(0)
    return PicoDet(MobileNetV1(0.25), outputs, size, tower=1, **options)


def test_the_cost_is_the_published_one():
    """3.55 M parameters, and 2.80 G operations, of which a mult-add is two.

    (configs/picodet/legacy_model/README.md of github.com/PaddlePaddle/PaddleDetection, PicoDet on
    MobileNetV3-large at 416 with 80 classes.) It reads the last block of stride 32, with 160
    channels; timm's next tap is the 1x1 convolution behind it, with 960. What that adds is taken
    off here.
    """
    with torch.device("meta"):
        head = PicoDet(MobileNetV3("large"), 80, 416)
        counted = cost(head, torch.empty(1, 3, 416, 416))
    assert len(head.anchors) == 52**2 + 26**2 + 13**2 + 7**2
    more = 160 * 960 + (960 - 160) * 128
    assert (counted.parameters - more - 2 * 960) / 1e6 == pytest.approx(3.55, rel=0.002)
    # theirs counts more than products: 5% above two operations for each of ours
    assert 2 * (counted.mult_adds - 13 * 13 * more) / 1e9 == pytest.approx(2.80, rel=0.05)


def test_the_configuration_is_that_network():
    network = network_of(compose_row("task=picodet_coco"))
    with torch.device("meta"):
        counted = cost(build_row(network, 91), torch.empty(1, 3, 416, 416))
    assert str(counted) == "1.686 G mult-adds, 3.11 M parameters"


@pytest.mark.parametrize("trunk", [MobileNetV1, MobileNetV2])
def test_any_trunk_and_size(trunk):
    with torch.device("meta"):
        head = PicoDet(trunk(0.5), 91, (100, 164), maps=5, tower=1)
        code, logits = head(torch.empty(2, 3, 100, 164))
    assert len(head.anchors) == 13 * 21 + 7 * 11 + 4 * 6 + 2 * 3 + 1 * 2
    assert code.shape == (2, len(head.anchors), 32)
    assert logits.shape == (2, len(head.anchors), 91)


def test_an_anchor_and_its_output_belong_to_the_same_cell():
    head = small(160).eval()
    image = torch.zeros(1, 3, 160, 160)
    changed = image.clone()
    changed[..., 120:150, 20:50] = 1.0
    with torch.no_grad():
        difference = (head(changed)[1] - head(image)[1]).abs().sum(-1)[0]
    winner = head.anchors[difference[: 20 * 20].argmax()]
    assert iou(winner[None], torch.tensor([[10.0, 110, 60, 160]])) > 0.3


def test_boxes_start_out_two_strides_wide():
    """Around their cells, so that small objects overlap them."""
    head = small().eval()
    with torch.no_grad():
        code, logits = head(torch.randn(1, 3, 96, 96))
    boxes = head.coder.decode(code, head.anchors)[0]
    centre = head.coder.centre(head.anchors)
    reach = torch.cat([centre - boxes[:, :2], boxes[:, 2:] - centre], 1)
    torch.testing.assert_close(
        reach / head.coder.stride(head.anchors), torch.ones_like(reach), rtol=0, atol=0.1
    )
    assert float(logits.sigmoid().max()) < 0.02


def test_a_folded_copy_answers_alike_in_one_convolution_per_map():
    head = with_statistics(small())
    copy = folded_alike(head)
    assert len(copy.predictors) == 4
    swishes = [sum(isinstance(m, nn.Hardswish) for m in n.modules()) for n in (copy, head)]
    assert swishes[0] == swishes[1] > 0


def test_it_can_compute_in_integers():
    head = with_statistics(small(outputs=5))
    for layer in head.class_predictors:  # which start out next to nothing, beside their biases
        layer.weight.data *= 100
    rounded_alike(head)


@pytest.mark.parametrize("loss", ["varifocal", "quality"])
def test_a_step_reaches_every_parameter_and_never_waits(loss):
    task = detection(small(160, loss=loss)).train()
    given = batch(size=(160, 160))
    given["boxes"][0, 6] = torch.tensor([0.0, 0, 160, 160])
    with NoSync():
        terms = task.loss(given)
        sum(terms.values()).backward()
    assert terms.keys() == {"classification", "box", "distribution"}
    assert all(term.isfinite() and term > 0 for term in terms.values())
    silent = [n for n, p in task.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    # a map that no object of this batch has chosen learns no boxes from it
    assert all(name.startswith("head.box_predictors.") for name in silent), silent
    assert len(silent) < 8


def test_the_loss_is_one_graph():
    """So that a GPU replays it: no shape and no branch depends on a value."""
    head, given = small().train(), batch()
    valid = torch.arange(8) < given["count"][:, None]
    outputs = head(torch.randn(2, 3, 96, 96))
    arguments = (outputs, given["boxes"], given["labels"], valid)
    compiled = torch.compile(head.loss, backend="eager", fullgraph=True)(*arguments)
    for name, term in head.loss(*arguments).items():
        torch.testing.assert_close(compiled[name], term)


def test_degenerate_boxes_give_a_finite_loss_and_gradients():
    check_degenerate_boxes(small())


def test_a_batch_without_any_box_learns_background_alone():
    given = batch()
    given["count"][:] = 0
    terms = detection(small()).train().loss(given)
    assert terms["box"] == terms["distribution"] == 0
    assert terms["classification"] > 0


def test_the_losses_by_hand():
    """Of one object that fits by half, and of the classes that it does not have."""
    logits, quality = torch.tensor([[[0.0, -2.0]]]), torch.tensor([[0.5]])
    p = torch.tensor(-2.0).sigmoid()
    entropy = -(1 - p).log()
    half = torch.tensor(2.0).log()  # the entropy of 0.5 with 0.5
    given = torch.tensor([[0]])
    varifocal = Varifocal()(logits, given, quality)
    assert float(varifocal) == pytest.approx(float(0.5 * half + 0.75 * p**2 * entropy))
    focal = QualityFocal()(logits, given, quality)
    assert float(focal) == pytest.approx(float(p**2 * entropy)), "the score is the quality"
    background = QualityFocal()(logits, torch.tensor([[-1]]), quality)
    assert float(background) == pytest.approx(float(p**2 * entropy + 0.25 * half))


def test_boxes_fit_as_torchvision_says():
    generator = torch.Generator().manual_seed(0)
    corner = torch.rand(2, 50, 2, generator=generator)
    boxes = torch.cat([corner, corner + torch.rand(2, 50, 2, generator=generator)], -1)
    share, generalised = overlap_of_pairs(*boxes)
    torch.testing.assert_close(share, iou(*boxes).diagonal())
    torch.testing.assert_close(1 - generalised, generalized_box_iou_loss(*boxes))
    pairs, _ = overlap_of_pairs(boxes[0][:, None], boxes[1][None])
    torch.testing.assert_close(pairs, iou(*boxes))


def test_an_unknown_loss_is_refused():
    with torch.device("meta"), pytest.raises(InputError, match="'varifocal' or 'quality', not"):
        PicoDet(MobileNetV1(0.25), 4, 96, loss="focal")
