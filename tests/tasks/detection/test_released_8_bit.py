"""The 8-bit file of 2018 run by LiteRT, beside this suite's network with the same weights."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from backbone.mobilenet_v1 import MobileNetV1
from backbone.weight_files import read_file
from tasks.detection.boxes import iou
from tasks.detection.released import ORDERS, POSTPROCESS, _centre_form
from tasks.detection.ssd import SSD
from tasks.images.preprocessing import Preprocess
from tasks.training.head_weights import load_head
from tests.tasks.detection.test_released import COCO

pytestmark = pytest.mark.slow
PHOTOGRAPHS = 20
ORDER = list(ORDERS["2018"])
SURE = 0.5


class Found(NamedTuple):
    """Boxes xyxy relative to the image, float[n, 4], their scores and their outputs."""

    boxes: Tensor
    scores: Tensor
    labels: Tensor


class Seen(NamedTuple):
    """What is known of one photograph; code [A, 4] and logits [A, 91] in this suite's order."""

    float: tuple[Tensor, Tensor]
    eight_bit: tuple[Tensor, Tensor]
    operator: Found


class Answers(NamedTuple):
    head: SSD
    eight_bit_anchors: Tensor
    options: dict[str, Any]
    seen: list[Seen]

    @property
    def exact_anchors(self) -> Tensor:
        return _centre_form(self.head.anchors, self.head.size)


def our_order(head: SSD, rows: Tensor) -> Tensor:
    rest = rows[head.finest :].unflatten(0, (-1, 6))[:, ORDER].flatten(0, 1)
    return torch.cat([rows[: head.finest], rest])


@pytest.fixture(scope="module")
def answers() -> Answers:
    """Both networks' outputs for some photographs, and the boxes of the file's own operator."""
    from tests.conftest import ROOT

    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="needs ai-edge-litert")
    shared = ROOT.parent / "shared/data"
    path = shared / "weights/coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.tflite"
    if not path.is_file():
        pytest.skip("needs the real data beside the checkout")
    head = SSD(MobileNetV1(0.75), 91, 300).eval()
    load_head(head, str(path), COCO, True)
    preprocess = Preprocess(head.trunk.normalization)
    interpreter = litert.Interpreter(
        str(path),
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    details = {d["name"]: d for d in interpreter.get_tensor_details()}

    def output(name: str) -> Tensor:
        scale, zero = details[name]["quantization"]
        found = interpreter.get_tensor(details[name]["index"])[0].astype(np.float32)
        return our_order(head, torch.from_numpy((found - zero) * np.float32(scale)))

    seen = []
    for photograph in sorted((shared / "coco/val2017").glob("*.jpg"))[:PHOTOGRAPHS]:
        image = np.asarray(Image.open(photograph).convert("RGB").resize((300, 300)))
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None])
        interpreter.invoke()
        boxes, labels, scores = (
            torch.from_numpy(interpreter.get_tensor(d["index"])[0].copy())
            for d in interpreter.get_output_details()[:3]
        )
        with torch.no_grad():
            pixels = torch.from_numpy(image.copy()).permute(2, 0, 1)[None]
            code, logits = head(preprocess(pixels))
        operator = Found(boxes[:, [1, 0, 3, 2]], scores, labels.long() + 1)
        eight_bit = output("Squeeze"), output("concat_1")
        seen.append(Seen((code[0], logits[0]), eight_bit, operator))
    file = read_file(path)
    anchors = our_order(head, file.tflite.constants["anchors"])
    return Answers(head, anchors, file.tflite.custom[POSTPROCESS], seen)


def by_operator(outputs: tuple[Tensor, Tensor], anchors: Tensor, options: dict) -> Found:
    """What `TFLite_Detection_PostProcess` makes of outputs, by its fast suppression.

    Each anchor has one category, that of its best score. Boxes suppress each other whatever their
    categories are, and the `max_detections` best remain.

    Args:
        anchors: float[A, 4], (y, x, height, width) relative to the image.
    """
    assert options["max_classes_per_detection"] == 1
    code, logits = outputs
    shift, scale = code.unflatten(-1, (2, 2)).unbind(-2)
    centre = anchors[:, :2] + shift / options["y_scale"] * anchors[:, 2:]
    half = anchors[:, 2:] * (scale / options["h_scale"]).exp() / 2
    boxes = torch.cat([centre - half, centre + half], -1)[:, [1, 0, 3, 2]]
    scores, labels = logits[:, 1:].sigmoid().max(1)
    best = scores.argsort(descending=True, stable=True)[:400]
    overlap, kept = iou(boxes[best], boxes[best]), []
    for i in range(len(best)):
        if len(kept) < options["max_detections"]:
            kept += [i] * bool((overlap[i, kept] <= options["nms_iou_threshold"]).all())
    chosen = best[kept]
    return Found(boxes[chosen], scores[chosen], labels[chosen] + 1)


def by_us(head: SSD, outputs: tuple[Tensor, Tensor]) -> Found:
    found = head.detect(tuple(rows[None] for rows in outputs))
    return Found(found["boxes"][0] / head.size[0], found["scores"][0], found["labels"][0])


def agreement(pairs: list[tuple[Found, Found]]) -> float:
    """The share of either's sure boxes that the other has, at IoU 0.9 and of the same category."""
    agreed = total = 0
    for pair in pairs:
        for one, other in (pair, pair[::-1]):
            sure = one.scores > SURE
            overlap = iou(one.boxes[sure], other.boxes)
            overlap *= one.labels[sure][:, None] == other.labels
            # what one has just above 0.5, the other may have just below
            overlap *= other.scores > SURE - 0.2
            agreed, total = agreed + int((overlap.amax(1) >= 0.9).sum()), total + int(sure.sum())
    assert total > 100
    return agreed / total


def test_by_this_suites_decoding_both_networks_find_the_same_boxes(answers):
    pairs = [(by_us(answers.head, s.float), by_us(answers.head, s.eight_bit)) for s in answers.seen]
    assert agreement(pairs) >= 0.95


def test_the_operators_rule_is_known(answers):
    """Of the file's own outputs, with its own anchors, it gives the operator's boxes: all."""
    pairs = [
        (by_operator(s.eight_bit, answers.eight_bit_anchors, answers.options), s.operator)
        for s in answers.seen
    ]
    assert agreement(pairs) == 1
    for ours, theirs in pairs:  # its scores are rounded to 1/256
        torch.testing.assert_close(ours.scores, theirs.scores, atol=0.5 / 256 + 1e-6, rtol=0)


def test_by_the_operators_rule_the_float_network_finds_its_boxes(answers):
    pairs = [
        (by_operator(s.float, answers.eight_bit_anchors, answers.options), s.operator)
        for s in answers.seen
    ]
    assert agreement(pairs) >= 0.95


def test_what_differs_is_the_anchors(answers):
    """The same 8-bit outputs by the same rule, but with anchors that are not rounded."""
    pairs = [
        (by_operator(s.eight_bit, answers.exact_anchors, answers.options), s.operator)
        for s in answers.seen
    ]
    assert agreement(pairs) < 0.92
