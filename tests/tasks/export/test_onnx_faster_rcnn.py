"""A Faster R-CNN as ONNX, whose proposals depend on the order of equal scores."""

import copy

import pytest
import torch
from torch import nn

from tests.tasks.export.conftest import noise

for package in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(package, reason="needs the extra `onnx`")

from tasks.export.formats import FORMATS  # noqa: E402
from tasks.export.gate import check  # noqa: E402


@pytest.mark.slow
def test_anchors_of_equal_scores_are_proposed_as_pytorch_proposes_them(model, tmp_path):
    """Behind a ReLU that is zero everywhere, all anchors of one shape score the same."""
    detector = copy.deepcopy(model("faster_rcnn_coco"))
    head = detector.task.head
    with torch.no_grad():
        head.rpn.conv.weight.zero_()
        head.rpn.conv.bias.fill_(-1.0)
        head.class_predictor.weight.normal_(0, 3, generator=torch.Generator().manual_seed(0))
        head.class_predictor.bias[0] = -10  # no background: every region is some object
    head.box_predictor = nn.Linear(head.box_predictor.in_features, 4)  # one box for all classes
    FORMATS["onnx"].write(detector, tmp_path / "model.onnx", None, {})
    report = check(detector, FORMATS["onnx"], tmp_path / "model.onnx", noise(detector, 6), None)
    for found in report["by_images_per_call"].values():
        assert found["boxes"]["boxes"] > 50
        assert found["boxes"]["missed"] == 0
