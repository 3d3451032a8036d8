"""What an SSD learns from another detector: its scores, its boxes and its feature maps."""

from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbone.errors import InputError, number_of
from backbone.head import Head
from tasks.detection.anchor_detector import AnchorDetector
from tasks.detection.boxes import match
from tasks.detection.detector import Detector
from tasks.distillation.objective import Objective
from tasks.training.task import Task
from tasks.training.teaching import Student

Answers = Literal["anchors", "detections"]

SAME = 0.01  # pixels: anchors that differ by less are the same


class Compared(NamedTuple):
    """Outputs of an SSD for B images, and the trunk's maps that it read."""

    code: Tensor
    """float[B, A, n], box codes."""
    logits: Tensor
    """float[B, A, num_classes]."""
    maps: list[Tensor]
    """float[B, C, h, w] of each tap; empty if features are not compared."""


class Lesson(NamedTuple):
    """A teacher's answers for B images, on the student's anchors."""

    scores: Tensor
    """float[B, A, num_classes - 1] in 0..1, for every class but the background."""
    code: Tensor
    """float[B, A, 4], the values of its box's code at each anchor."""
    confidence: Tensor
    """float[B, A] in 0..1, the confidence in its box at each anchor."""
    maps: list[Tensor]
    """Its maps at the taps, as in `Compared`."""


class DetectionObjective(Objective):
    """Three terms that make an SSD similar to a teacher that detects the same categories.

    They follow "Learning Efficient Object Detection Models with Knowledge Distillation" (Chen et
    al., NIPS 2017), which compares classes, boxes and hints from feature maps. Two of its parts are
    replaced: its weights against the many background regions, because its classes are a softmax and
    SSD's are sigmoids; and its bound on the box loss, because that needs true boxes:

    - `distillation_classes`: the cross-entropy of each class's probability s with the teacher's
      probability t, weighted by |t - s|^gamma. This is the quality focal loss of Generalized Focal
      Loss (arXiv 2006.04388, equation 3) with the teacher's probability as the quality, but no
      gradient passes through the weight. The background's own output is not compared: detection
      does not use it.
    - `distillation_boxes`: SSD's smooth L1 between the values of the box codes, weighted by the
      teacher's confidence^gamma, its largest probability at the anchor.
    - `distillation_features`: the mean squared distance of the maps at the taps, divided by the
      teacher's mean square. Where their channels differ, a learned 1x1 convolution projects the
      student's map (FitNets, arXiv 1412.6550; Mimicking, Li et al., CVPR 2017, which compares maps
      at proposals, while here every cell counts). A teacher's map of another size is resampled.

    The first two are sums over anchors, divided by the sum of the batch's confidences^gamma (at
    least 1), as SSD's own loss is divided by its matches.

    If both have the same anchors, the teacher's outputs on all of them are compared. Otherwise its
    detections are soft labels. They are matched with the student's anchors as true boxes would be;
    the class of an anchor has the detection's score, and every other class 0. So any detector can
    be a teacher.

    Args:
        answers: `anchors` or `detections`, as above; None: anchors if they are the same.
        classes, boxes, features: weights of the terms; a term with weight 0 is left out.
        gamma: how strongly anchors count that the teacher is sure of, or that the two disagree on;
            at 0 all anchors count alike.
        min_score: detections that score less are not used as soft labels.

    Raises:
        InputError: all weights are 0.
    """

    anchors: Tensor
    scale: Tensor

    def __init__(
        self,
        answers: Answers | None = None,
        classes: float = 1.0,
        boxes: float = 1.0,
        features: float = 0.0,
        gamma: float = 2.0,
        min_score: float = 0.3,
    ):
        super().__init__()
        if not classes + boxes + features > 0:
            raise InputError(
                "task.distillation.classes, boxes and features are all 0: nothing would be learnt "
                "from the teacher; give one of them a weight"
            )
        self.answers = answers
        self.weights = {"classes": classes, "boxes": boxes, "features": features}
        self.gamma, self.min_score = gamma, min_score
        self.taps: list[str] = []
        self.projections = nn.ModuleList()

    # before the run

    def prepare(self, student: Student, teacher: Task[Any] | None, source: str) -> None:
        """See Objective.

        Raises:
            InputError: the teacher's outputs come from a file; the student is not an SSD; the two
                have other outputs; or what is to be compared is not the same in both.
        """
        if teacher is None:
            raise InputError(
                f"{source}: a detector's answers change with every crop and flip of an image, so a "
                "file cannot hold them: use the network itself, with distill=teacher "
                "distill.teacher=best.ckpt"
            )
        head, other = student.head, teacher.head
        if not isinstance(head, AnchorDetector):
            raise InputError(
                f"a {type(head).__name__} cannot be distilled: only SSD, SSDLite, FPNLite and "
                "PicoDet can (task=ssd_coco, ssdlite_coco, ssdlite_fpn_coco or picodet_coco)"
            )
        assert isinstance(other, Detector)  # both tasks are of the same class
        if teacher.labels.outputs != student.labels.outputs:
            raise InputError(
                f"{source} has {number_of(teacher.labels.num_classes, 'output')} for its "
                f"categories, the student {student.labels.num_classes} in another order: set "
                "data.num_classes as for the teacher"
            )
        why_not = difference(head, other)
        if self.answers == "anchors" and why_not:
            raise InputError(
                f"task.distillation.answers=anchors: {source} has other anchors than the student "
                f"({why_not}). Give the student the teacher's size, head and scales, or leave "
                "task.distillation.answers=null to learn from its detections"
            )
        self.answers = self.answers or ("detections" if why_not else "anchors")
        self.coder, self.outputs = head.coder, head.num_classes
        self.register_buffer("anchors", head.anchors.clone(), persistent=False)
        sides = [own / its for own, its in zip(head.size, other.size, strict=True)]
        scale = torch.tensor([sides[1], sides[0]]).repeat(2)  # for xyxy
        self.register_buffer("scale", scale, persistent=False)
        if self.weights["features"]:
            self.prepare_features(head, other, source)
        self.announce(why_not)

    def prepare_features(self, student: AnchorDetector, teacher: Detector, source: str) -> None:
        """Pair the taps, and make a projection for each pair whose channels differ.

        Raises:
            InputError: the teacher is not an SSD, or has another number of taps.
        """
        if not isinstance(teacher, AnchorDetector) or len(teacher.taps) != len(student.taps):
            its = ", ".join(getattr(teacher, "taps", [])) or f"none ({type(teacher).__name__})"
            raise InputError(
                f"task.distillation.features={self.weights['features']:g}: the student's taps "
                f"{', '.join(student.taps)} need as many of the teacher's, but {source} has "
                f"{its}. Set task.distillation.features=0, or name as many in task.head.taps"
            )
        self.taps = list(student.taps)
        for own, its in zip(student.taps, teacher.taps, strict=True):
            width = student.trunk.feature_info[own].channels
            wanted = teacher.trunk.feature_info[its].channels
            self.projections.append(
                nn.Identity() if width == wanted else nn.Conv2d(width, wanted, 1)
            )

    def announce(self, why_not: str) -> None:
        """Print what is learnt."""
        if self.answers == "anchors":
            said = f"the teacher's scores and boxes at {len(self.anchors):,} anchors"
        else:
            said = "the teacher's detections as soft labels"
            said += f" (it has other anchors: {why_not})" if why_not else ""
        weights = ", ".join(f"{name} {weight:g}" for name, weight in self.weights.items() if weight)
        print(f"distillation: {said}; weights: {weights}")

    def describe(self) -> dict[str, Any]:
        """Which answers are compared."""
        return {"answers": self.answers}

    # the two networks

    def run(self, head: Head, images: Tensor) -> Compared:
        """An SSD's outputs; with the maps at the taps if these are compared."""
        if not self.weights["features"]:
            code, logits = head(images)
            return Compared(code, logits, [])
        assert isinstance(head, AnchorDetector)
        maps = head.tapped(images)
        code, logits = head.predictions(head.laid(maps))
        return Compared(code, logits, maps)

    def answer(self, outputs: Compared) -> tuple[Tensor, Tensor]:
        """Codes and logits."""
        return outputs.code, outputs.logits

    def ask(self, head: Head, images: Tensor) -> Lesson:
        """See Objective."""
        assert isinstance(head, Detector)
        if self.answers == "anchors":
            code, logits, maps = self.run(head, images)
            scores = logits[..., 1:].sigmoid()
            return Lesson(scores, self.coder.values(code), scores.amax(-1), maps)
        if not self.weights["features"]:
            return self.soft_labels(head, head(images), [])
        outputs = self.run(head, images)
        return self.soft_labels(head, self.answer(outputs), outputs.maps)

    def soft_labels(self, teacher: Detector, outputs: Any, maps: list[Tensor]) -> Lesson:
        """A teacher's detections as soft labels on the student's anchors."""
        found = teacher.detect(outputs)
        boxes, scores = found["boxes"] * self.scale, found["scores"]
        rows = torch.arange(scores.shape[1], device=scores.device)
        valid = (rows < found["count"][:, None]) & (scores >= self.min_score)
        assigned = match(boxes, valid, self.anchors)
        row = assigned.clamp(min=0)
        confidence = torch.where(assigned >= 0, scores.gather(1, row), 0.0)
        matched = boxes.gather(1, row[..., None].expand(-1, -1, 4))
        code = self.coder.encode(matched, self.anchors)
        column = found["labels"].gather(1, row).clamp(min=1) - 1
        of_classes = confidence.new_zeros(*confidence.shape, self.outputs - 1)
        of_classes.scatter_(2, column[..., None], confidence[..., None])
        return Lesson(of_classes, code, confidence, maps)

    # the loss

    def forward(self, student: Compared, teacher: Lesson) -> dict[str, Tensor]:
        """The terms `distillation_classes`, `distillation_boxes`, `distillation_features`.

        Terms with a weight of 0 are left out.
        """
        importance = teacher.confidence**self.gamma
        if self.gamma == 0 and self.answers == "detections":
            importance = (teacher.confidence > 0).float()  # an anchor without a box does not count
        total = importance.sum().clamp(min=1)
        terms = {}
        if self.weights["classes"]:
            terms["classes"] = focused(student.logits[..., 1:], teacher.scores, self.gamma) / total
        if self.weights["boxes"]:
            code = self.coder.values(student.code)
            distance = F.smooth_l1_loss(code, teacher.code, reduction="none").sum(-1)
            # `where`, not only a product: a code that nothing matched may be infinite
            terms["boxes"] = torch.where(importance > 0, importance * distance, 0.0).sum() / total
        if self.weights["features"]:
            triples = zip(self.projections, student.maps, teacher.maps, strict=True)
            distances = [map_distance(project(own), its) for project, own, its in triples]
            terms["features"] = torch.stack(distances).mean()
        return {f"distillation_{name}": self.weights[name] * term for name, term in terms.items()}


def difference(student: AnchorDetector, teacher: Detector) -> str:
    """Why two heads do not have the same anchors, in words; empty if they do."""
    if not isinstance(teacher, AnchorDetector):
        return f"it is a {type(teacher).__name__}"
    if len(teacher.anchors) != len(student.anchors):
        return (
            f"{len(teacher.anchors):,} at {teacher.size[0]}x{teacher.size[1]} where the student "
            f"has {len(student.anchors):,} at {student.size[0]}x{student.size[1]}"
        )
    if type(teacher.coder) is not type(student.coder):
        return "its boxes are coded in another way"
    apart = (teacher.anchors - student.anchors).abs().max().item()
    return "" if apart < SAME else f"they are up to {apart:.1f} pixels apart"


def focused(logits: Tensor, wanted: Tensor, gamma: float) -> Tensor:
    """The sum of |t - s|^gamma times the cross-entropy of s with t, over all logits.

    Args:
        logits: of the probabilities s, of any shape.
        wanted: the probabilities t, of the same shape.
        gamma: no gradient passes through the weight.
    """
    entropy = F.softplus(logits) - logits * wanted
    if gamma == 0:
        return entropy.sum()
    weight = (wanted - logits.detach().sigmoid()).abs() ** gamma
    return (weight * entropy).sum()


def map_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """The mean squared distance of maps float[B, C, h, w], over the teacher's mean square.

    A teacher's map of another height or width is resampled to the student's.
    """
    student, teacher = student.float(), teacher.float()
    if teacher.shape[2:] != student.shape[2:]:
        size = (student.shape[2], student.shape[3])
        teacher = F.interpolate(teacher, size, mode="bilinear", antialias=True)
    return (student - teacher).square().mean() / teacher.square().mean().clamp(min=1e-6)
