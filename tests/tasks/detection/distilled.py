"""Small detectors that teach each other, without a run or a checkpoint."""

import torch

from backbone.mobilenet_v1 import MobileNetV1
from tasks.data.labels import Labels
from tasks.detection.distillation import (
    DetectionObjective,
)
from tasks.detection.faster_rcnn import FasterRCNN
from tasks.detection.picodet import PicoDet
from tasks.detection.ssd import SSD
from tasks.detection.ssd_fpn import SSDFPN
from tasks.detection.task import Detection
from tasks.distillation.objective import Distillation
from tasks.distillation.teacher import Teacher

LABELS = Labels(4, [1, 2, 3], [1, 2, 3], ["ant", "bee", "cat"])


def ssd(alpha=0.25, size=96, seed=0, **options) -> Detection:
    torch.manual_seed(seed)
    return Detection(SSD(MobileNetV1(alpha), 4, size, **options), LABELS)


def fpn(alpha=0.25, size=96) -> Detection:
    torch.manual_seed(0)
    return Detection(SSDFPN(MobileNetV1(alpha), 4, size), LABELS)


def pico(alpha=0.25, size=96) -> Detection:
    torch.manual_seed(0)
    return Detection(PicoDet(MobileNetV1(alpha), 4, size, tower=1), LABELS)


def faster_rcnn(size=96) -> Detection:
    torch.manual_seed(0)
    head = FasterRCNN(
        MobileNetV1(0.25), 4, size, anchor_sizes=[16, 32, 64], rpn_depth=16, rpn_candidates=32,
        proposals=8, regions=8, crop=4,
    )  # fmt: skip
    return Detection(head, LABELS)


def taught(student: Detection, teacher: Detection, weight=1.0, **options) -> Detection:
    """The student with a teacher at hand, as a run builds it, but without a checkpoint."""
    source = Teacher("teacher.ckpt", None)
    source.task, source.size = teacher.eval().requires_grad_(False), teacher.head.size
    source.match_values(student.preprocess)
    objective = DetectionObjective(**options)
    objective.prepare(student, teacher, "distill.teacher=teacher.ckpt")
    source.ask = objective.ask
    student.teaching = Distillation(source, objective, weight)
    return student


def photographs(count=2, size=96) -> dict[str, torch.Tensor]:
    """A batch without boxes."""
    generator = torch.Generator().manual_seed(0)
    return {
        "image": torch.randint(0, 256, (count, 3, size, size), generator=generator).byte(),
        "boxes": torch.zeros(count, 8, 4),
        "labels": torch.zeros(count, 8, dtype=torch.int64),
        "count": torch.zeros(count, dtype=torch.int64),
        "image_id": torch.arange(count),
    }
