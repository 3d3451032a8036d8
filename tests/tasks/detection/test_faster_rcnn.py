"""The Faster R-CNN head: cost, losses, detections, and that a step never waits for the device."""

import pytest
import torch
from torchvision.models.detection.roi_heads import fastrcnn_loss
from torchvision.ops import batched_nms, clip_boxes_to_image

from backbone.cost import cost
from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.timm_trunk import TimmTrunk
from backbone.trunk import Trunk
from tasks.benchmarks.faster_rcnn import torchvision_faster_rcnn
from tasks.data.labels import Labels
from tasks.detection.faster_rcnn import FasterRCNN, images_of
from tasks.detection.task import Detection
from tasks.images.preprocessing import Augmentation
from tests.tasks.detection.test_ssd import NoSync, check_never_waits_for_the_gpu

LABELS = Labels(91, list(range(1, 91)), list(range(1, 91)), [str(i) for i in range(1, 91)])
SIZE = (96, 128)
TERMS = {"rpn_objectness", "rpn_box", "classification", "box"}


def head(trunk: Trunk | None = None, size: tuple[int, int] = SIZE, **options) -> FasterRCNN:
    torch.manual_seed(0)
    options = {"anchor_sizes": (16, 32, 64), "proposals": 40, "regions": 16, "crop": 7} | options
    return FasterRCNN(trunk or MobileNetV1(0.25), 91, size, **options)


def batch(count: int = 2) -> dict[str, torch.Tensor]:
    """Noise images with three boxes and a row of padding."""
    generator = torch.Generator().manual_seed(1)
    rows = [[4, 4, 30, 40], [40, 10, 120, 90], [60, 60, 80, 75], [0, 0, 0, 0]]
    return {
        "image": torch.randint(
            0, 256, (count, *SIZE, 3), generator=generator, dtype=torch.uint8
        ).permute(0, 3, 1, 2),
        "boxes": torch.tensor(rows, dtype=torch.float32).expand(count, 4, 4).clone(),
        "labels": torch.tensor([1, 44, 90, 0]).expand(count, 4).clone(),
        "count": torch.full((count,), 3),
        "image_id": torch.arange(count) + 100,
        "size": torch.tensor([SIZE]).expand(count, 2).clone(),
        "extent": torch.tensor([SIZE]).expand(count, 2).float(),
    }


def detection(rcnn: FasterRCNN, augment: bool = True) -> Detection:
    return Detection(rcnn, LABELS, augmentation=Augmentation(flip=0.5) if augment else None)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "mult_adds"), [(300, "25.224 G"), (600, "30.494 G")])
def test_cost_is_the_papers(size, mult_adds):
    rcnn = FasterRCNN(MobileNetV1(), 91, size)
    counted = cost(rcnn, torch.zeros(1, 3, size, size), method=detection(rcnn).network)
    assert str(counted) == f"{mult_adds} mult-adds, 6.07 M parameters"
    assert counted.parameters == 6_065_995


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trunk", "tap", "stages"),
    [
        (lambda: MobileNetV1(0.5), "conv11", 2),
        (lambda: MobileNetV2(0.35), "block14_expand", 5),
        (lambda: TimmTrunk("resnet18"), "layer3", 1),
    ],
    ids=["V1", "V2", "timm"],
)
def test_any_trunk_that_can_be_cut_trains_and_detects(trunk, tap, stages):
    rcnn = head(trunk())
    assert rcnn.tap == tap
    assert len(rcnn.halves[1]) == stages
    task, given = detection(rcnn), batch()
    terms = task.loss(given)
    assert terms.keys() == TERMS
    sum(terms.values()).backward()
    with torch.no_grad():
        found = task.eval().predict(given)
    assert found["boxes"].shape == (2, 100, 4)
    assert (found["count"] > 0).all()


@pytest.mark.parametrize(
    ("trunk", "options", "said"),
    [
        (lambda: TimmTrunk("vit_tiny_patch16_224"), {"size": (224, 224)}, "cannot be cut"),
        (lambda: TimmTrunk("resnet18", output_stride=8), {}, "no feature map of stride 16"),
        (lambda: TimmTrunk("resnet18", output_stride=16), {}, "there are none"),
        (lambda: MobileNetV1(0.25), {"tap": "conv99"}, "no tap 'conv99'"),
    ],
    ids=["no chain", "no stride 16", "nothing behind", "no such tap"],
)
def test_a_trunk_that_does_not_fit_is_refused(trunk, options, said):
    with pytest.raises(InputError, match=said):
        head(trunk(), **options)


def test_the_trunk_is_registered_once_and_trained_in_both_halves():
    rcnn = head()
    named = [name for name, _ in rcnn.named_parameters(remove_duplicate=False)]
    assert len(named) == len(set(named))
    assert {n for n in named if n.startswith("trunk.")} == {
        f"trunk.{n}" for n, _ in rcnn.trunk.named_parameters()
    }
    assert rcnn.halves[1][-1] is rcnn.trunk.conv13


def test_gradients_reach_every_parameter():
    task = detection(head()).train()
    sum(task.loss(batch()).values()).backward()
    silent = [n for n, p in task.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert not silent


def test_a_shared_box_is_every_class_s_box():
    rcnn = head(share_boxes=True, positive=0.5)
    assert rcnn.box_predictor.out_features == 4
    task = detection(rcnn).train()
    sum(task.loss(batch()).values()).backward()
    assert rcnn.box_predictor.weight.grad.abs().sum() > 0
    rcnn.eval()
    feature_map = torch.randn(1, 256 // 2, 6, 8)
    boxes = torch.tensor([[0.0, 0.0, 64.0, 48.0], [32.0, 16.0, 96.0, 80.0]])
    logits, code = rcnn.classify(feature_map, boxes, torch.zeros(2, dtype=torch.int64))
    assert logits.shape == (2, 91)
    assert code.shape == (2, 90, 4)
    assert (code == code[:, :1]).all()
    assert rcnn.detect(rcnn(torch.zeros(1, 3, *SIZE)))["boxes"].shape == (1, 100, 4)


def test_the_first_loss_is_that_of_an_even_guess():
    torch.manual_seed(0)
    terms = detection(head(), augment=False).loss(batch())
    assert 0.6 < terms["rpn_objectness"] < 0.8
    # a quarter of objects among 90 classes at a quarter's odds: 1.7 with all that may be drawn
    assert 0.2 < terms["classification"] < 2.0


HARD = {
    "no boxes anywhere": lambda given: given["count"].zero_(),
    "no boxes in one image": lambda given: given["count"][:1].zero_(),
    "no area": lambda given: given["boxes"].__setitem__((0, 0), torch.tensor([9.0, 9, 9, 60])),
    "one pixel": lambda given: given["boxes"].__setitem__((0, 0), torch.tensor([9.0, 9, 10, 10])),
    "out of the frame": lambda given: given["boxes"].add_(1000),
}


@pytest.mark.parametrize("case", HARD)
@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
def test_loss_and_gradients_are_finite(case, bf16):
    task, given = detection(head()).train(), batch()
    HARD[case](given)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        terms = task.loss(given)
    sum(terms.values()).backward()
    assert all(term.dtype == torch.float32 and term.isfinite() for term in terms.values())
    assert all(p.grad is None or p.grad.isfinite().all() for p in task.parameters())
    if case == "no boxes anywhere":
        assert terms["rpn_box"] == terms["box"] == 0
        assert terms["classification"] > 0, "background is learned from such images"


@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
def test_all_regions_background(bf16):
    """No proposal overlaps a box, and the true boxes have no area to be regions themselves."""
    rcnn, given = head().train(), batch()
    valid = torch.arange(4) < given["count"][:, None]
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        outputs = rcnn(torch.randn(2, 3, *SIZE))
        far = torch.tensor([100.0, 0, 128, 20]).expand(2, 40, 4)
        rcnn.rpn.propose = lambda *_: far
        empty = torch.zeros(2, 4, 4)
        terms = rcnn.loss(outputs, empty, given["labels"], valid)
    sum(terms.values()).backward()
    assert all(term.isfinite() for term in terms.values())
    assert terms["box"] == 0
    assert all(p.grad is None or p.grad.isfinite().all() for p in rcnn.parameters())


def test_a_network_of_nan_gives_a_loss_of_nan_and_no_crash():
    task = detection(head()).train()
    task.head.rpn.conv.weight.data.fill_(torch.nan)
    assert sum(task.loss(batch()).values()).isnan()
    with torch.no_grad():
        task.eval().predict(batch())


def test_a_training_step_never_waits_for_the_device(monkeypatch):
    # a CPU checks whether suppression is complete; compiled, it does as other devices do
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    task, given = detection(head()).train(), batch()
    with NoSync():
        sum(task.loss(given).values()).backward()


def test_an_answer_never_waits_for_the_device(monkeypatch):
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    task, given = detection(head()).eval(), batch()
    given["extent"] = given["size"].float()
    with NoSync(), torch.no_grad():
        task.predict(given)


@pytest.mark.cuda
def test_a_training_step_never_waits_for_the_gpu():
    check_never_waits_for_the_gpu(detection(head()), batch())


def test_regions_are_drawn_among_proposals_and_true_boxes():
    given = batch(1)
    valid = torch.arange(4) < given["count"][:, None]
    proposals = torch.tensor([[100.0, 0, 128, 20]]).repeat(40, 1)
    proposals[0] = torch.tensor([40.0, 10, 120, 80])  # overlaps the second box by 0.875
    regions, row, positive, chosen = head().sample_regions(proposals[None], given["boxes"], valid)
    assert chosen.all()
    assert positive.sum() == 4, "three true boxes and one proposal"
    assert sorted(row[positive].tolist()) == [0, 1, 1, 2]
    true = (regions[:, :, None] == given["boxes"][:, None]).all(-1).any(-1)
    assert (true & ~positive).sum() == 0, "padding is no region"
    few = head(regions=8).sample_regions(proposals[None], given["boxes"], valid)
    assert few[2].sum() == 2, "a quarter"


def test_the_second_stage_losses_are_torchvisions_on_the_same_regions(monkeypatch):
    rcnn, given = head().eval(), batch()
    valid = torch.arange(4) < given["count"][:, None]
    drawn = []
    sample = rcnn.sample_regions
    monkeypatch.setattr(
        rcnn, "sample_regions", lambda *given: drawn.append(sample(*given)) or drawn[-1]
    )
    torch.nn.init.normal_(rcnn.box_predictor.weight)
    outputs = rcnn(torch.randn(2, 3, *SIZE))
    terms = rcnn.loss(outputs, given["boxes"], given["labels"], valid)
    regions, row, positive, chosen = drawn[0]
    assert chosen.all()
    assert positive.any()
    logits, code = rcnn.classify(outputs.feature_map, regions.flatten(0, 1), images_of(regions))
    labels = given["labels"].gather(1, row).masked_fill(~positive, 0)
    wanted = rcnn.coder.encode(given["boxes"].gather(1, row[..., None].expand(-1, -1, 4)), regions)
    code = torch.cat([torch.zeros(len(code), 1, 4), code], 1).flatten(1)  # theirs has background
    # torchvision's smooth L1 turns linear at 1/9: scale its arguments so that it does at ours
    classification, box = fastrcnn_loss(logits, code / 9, list(labels), list(wanted / 9))
    torch.testing.assert_close(terms["classification"], classification)
    torch.testing.assert_close(terms["box"], 2 * 9 * box)


def test_detections_are_torchvisions_after_batched_nms(monkeypatch):
    rcnn = head(proposals=20, candidates=1800).eval()
    torch.manual_seed(2)
    logits, code = torch.randn(40, 91) * 4, torch.randn(40, 90, 4) * 2
    monkeypatch.setattr(rcnn, "classify", lambda *_: (logits, code))
    outputs = rcnn(torch.randn(2, 3, *SIZE))
    proposals = rcnn.rpn.propose(outputs.code, outputs.objectness)
    found = rcnn.detect(outputs)
    for i in range(2):
        rows = slice(20 * i, 20 * i + 20)
        boxes = rcnn.coder.decode(code[rows], proposals[i][:, None]).reshape(-1, 4)
        boxes = clip_boxes_to_image(boxes, SIZE)
        scores = logits[rows].softmax(-1)[:, 1:].flatten()
        labels = torch.arange(1, 91).repeat(20)
        kept = batched_nms(boxes, scores, labels, 0.6)[:100]
        assert found["count"][i] == 100
        torch.testing.assert_close(found["scores"][i], scores[kept])
        assert torch.equal(found["labels"][i], labels[kept])
        torch.testing.assert_close(found["boxes"][i], boxes[kept])


def test_a_batch_answers_as_its_images_one_by_one():
    rcnn = head().eval()
    torch.nn.init.normal_(rcnn.class_predictor.weight)  # answers that differ
    images = torch.randn(3, 3, *SIZE)
    with torch.no_grad():
        together = rcnn.detect(rcnn(images))
        for i in range(3):
            alone = rcnn.detect(rcnn(images[i : i + 1]))
            for name, values in alone.items():
                torch.testing.assert_close(together[name][i], values[0], rtol=1e-3, atol=1e-3)


def test_detections_are_sorted_clipped_and_counted():
    rcnn = head().eval()
    with torch.no_grad():
        found = rcnn.detect(rcnn(torch.randn(2, 3, *SIZE)))
    for i, count in enumerate(found["count"].tolist()):
        assert (found["scores"][i, :count].diff() <= 0).all()
        assert found["labels"][i, :count].min() >= 1
    assert found["boxes"].min() >= 0
    assert (found["boxes"].amax((0, 1)) <= torch.tensor([128, 96, 128, 96])).all()
    assert found["scores"].max() <= 1


def test_the_benchmarks_peer_computes_the_same_regions():
    """torchvision's second stage on our halves and proposals, one sample per cell: our logits."""
    rcnn = head().eval()
    peer = torchvision_faster_rcnn(detection(rcnn), SIZE, samples=1).eval()
    peer.roi_heads.box_predictor.cls_score.load_state_dict(rcnn.class_predictor.state_dict())
    feature_map = rcnn(torch.randn(1, 3, *SIZE)).feature_map
    regions = torch.tensor([[[10.0, 12, 60, 40], [30, 20, 110, 90], [8, 8, 128, 96]]])
    logits, _ = rcnn.classify(feature_map, regions[0], images_of(regions))
    # its RoI Align counts cells from their corners, half a cell (8 pixels) from their centres
    pooled = peer.roi_heads.box_roi_pool({"0": feature_map}, [regions[0] - 8], [SIZE])
    theirs = peer.roi_heads.box_predictor.cls_score(peer.roi_heads.box_head(pooled))
    torch.testing.assert_close(logits, theirs, rtol=1e-3, atol=1e-5)
    seen = []
    peer.roi_heads.register_forward_pre_hook(lambda _, inputs: seen.extend(map(len, inputs[1])))
    peer([torch.rand(3, *SIZE), torch.rand(3, *SIZE)])
    assert seen == [40, 40], "as many as ours"
