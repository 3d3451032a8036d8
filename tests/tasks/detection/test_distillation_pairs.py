"""Which detectors can teach which, and what is said of those that cannot."""

import pytest
import torch

from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from tasks.data.labels import Labels
from tasks.detection.boxes import BoxCoder
from tasks.detection.distillation import (
    DetectionObjective,
)
from tasks.detection.ssd import SSD
from tasks.detection.task import Detection
from tasks.distillation.teacher import Teacher
from tests.tasks.detection.distilled import LABELS, faster_rcnn, fpn, photographs, pico, ssd, taught


class Detections(SSD):
    """An SSD whose detections are given, in pixels of its own input."""

    def detect(self, outputs):
        return dict(self.given)


def test_detections_of_another_size_are_soft_labels_where_they_belong():
    teacher = Detection(Detections(MobileNetV1(0.25), 4, 192), LABELS)
    anchors = ssd().head.anchors
    best = int((anchors - torch.tensor([24.0, 24, 72, 72])).abs().sum(1).argmin())
    box = anchors[best].clamp(0, 96)
    teacher.head.given = {
        "boxes": torch.stack([box * 2] * 3)[None],
        "scores": torch.tensor([[0.9, 0.2, 0.8]]),
        "labels": torch.tensor([[2, 1, 3]]),
        "count": torch.tensor([2]),  # the third row pads
    }
    student = taught(ssd(), teacher)
    objective = student.teaching.objective
    assert objective.answers == "detections"
    lesson = objective.ask(teacher.head, torch.zeros(1, 3, 192, 192))
    assert lesson.scores[0, best].tolist() == pytest.approx([0, 0.9, 0])
    found = objective.coder.decode(lesson.code, objective.anchors)[0, best]
    torch.testing.assert_close(found, box, rtol=1e-4, atol=1e-2)
    assert lesson.scores.unique().tolist() == pytest.approx([0.0, 0.9])
    assert ((lesson.confidence > 0) == (lesson.scores > 0).any(-1)).all()


@pytest.mark.parametrize("teacher", [lambda: ssd(size=128), faster_rcnn, lambda: ssd(extras=())])
def test_any_detector_can_teach(teacher):
    student = taught(ssd(), teacher(), min_score=0.0).train()
    terms = student.loss(photographs())
    sum(terms.values()).backward()
    assert all(torch.isfinite(term) and term > 0 for term in terms.values()), terms
    assert all(torch.isfinite(p.grad).all() for p in student.parameters())


@pytest.mark.parametrize("teacher", [lambda: fpn(alpha=0.5), lambda: ssd(size=128)])
def test_fpnlite_learns_too(teacher):
    student = taught(fpn(), teacher(), min_score=0.0).train()
    terms = student.loss(photographs())
    sum(terms.values()).backward()
    assert all(torch.isfinite(term) and term > 0 for term in terms.values()), terms


@pytest.mark.parametrize(
    ("student", "teacher", "answers"),
    [
        (pico, lambda: pico(alpha=0.5), "anchors"),
        (pico, lambda: ssd(size=128), "detections"),
        (ssd, pico, "detections"),
    ],
)
def test_picodet_learns_and_teaches(student, teacher, answers):
    taught_one = taught(student(), teacher(), min_score=0.0).train()
    assert taught_one.teaching.objective.answers == answers
    terms = taught_one.loss(photographs())
    sum(terms.values()).backward()
    assert all(torch.isfinite(term) and term > 0 for term in terms.values()), terms
    assert all(torch.isfinite(p.grad).all() for p in taught_one.parameters() if p.grad is not None)


def test_boxes_of_another_code_are_not_compared():
    teacher = pico()
    teacher.head.coder = BoxCoder()
    with pytest.raises(InputError, match="its boxes are coded in another way"):
        taught(pico(), teacher, answers="anchors")


def test_fpnlite_teaches_its_trunks_maps():
    student = taught(fpn(), fpn(alpha=0.5), features=1.0)
    objective = student.teaching.objective
    assert objective.answers == "anchors"
    assert len(student.loss(photographs())) == 3
    outputs = objective.run(student.head, torch.zeros(2, 3, 96, 96))
    channels = [student.head.trunk.feature_info[tap].channels for tap in student.head.taps]
    assert [m.shape[1] for m in outputs.maps] == channels


def test_ssdlite_learns_too():
    student = taught(ssd(separable=True), ssd(alpha=0.5), features=1.0)
    assert student.teaching.objective.answers == "anchors"
    assert len(student.loss(photographs())) == 3


def swapped(task: Detection) -> Detection:
    task.labels = Labels(5, [1, 2, 4], LABELS.ids, LABELS.names)
    return task


@pytest.mark.parametrize(
    ("student", "teacher", "options", "said"),
    [
        (ssd, lambda: ssd(size=128), {"answers": "anchors"}, "has other anchors than the student"),
        (ssd, lambda: ssd(scales=(0.1, 0.9)), {"answers": "anchors"}, "pixels apart"),
        (ssd, faster_rcnn, {"answers": "anchors"}, "it is a FasterRCNN"),
        (ssd, faster_rcnn, {"features": 1.0}, r"has none \(FasterRCNN\). Set task"),
        (ssd, lambda: ssd(taps=["conv13"]), {"features": 1.0}, "conv11, conv13 need as many"),
        (faster_rcnn, ssd, {}, "a FasterRCNN cannot be distilled"),
        (ssd, lambda: swapped(ssd()), {}, "set data.num_classes as for"),
    ],
)
def test_what_does_not_go_together_is_named(student, teacher, options, said):
    with pytest.raises(InputError, match=said):
        taught(student(), teacher(), **options)


def test_a_file_cannot_teach_a_detector_and_neither_can_nothing():
    with pytest.raises(InputError, match="distill=teacher"):
        DetectionObjective().prepare(ssd(), None, "distill.outputs=o.npz")
    with pytest.raises(InputError, match="all 0"):
        DetectionObjective(classes=0, boxes=0)


def test_a_teacher_is_scored_at_its_own_size():
    """Its boxes are in pixels of the photographs, wherever the picture lies in the input."""
    teacher = Teacher("x", None)
    teacher.size = (64, 192)
    batch = {"image": torch.zeros(1, 3, 96, 96).byte(), "extent": torch.tensor([[96.0, 48.0]])}
    seen = teacher.at_own_size(batch)
    assert seen["image"].shape == (1, 3, 64, 192)
    assert seen["extent"].tolist() == [[64.0, 96.0]]
    assert batch["extent"].tolist() == [[96.0, 48.0]]
