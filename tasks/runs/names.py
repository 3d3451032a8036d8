"""Stable names of what runs are built from, for checkpoints and fingerprints.

A checkpoint is data: it names networks, heads and tasks by these words, never by import paths. So
modules may move, and a checkpoint cannot name code. Only classes listed here can be built from a
checkpoint, and the networks and tasks of modules that the user trusts by name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.runs.parts import PARTS

NAME = "_name_"  # the key of a stable name, instead of Hydra's `_target_`

BUILT = (
    ("backbone",),
    ("task", "head"),
    ("task", "module"),
    ("task", "distillation"),
    ("data", "view"),
)
"""The parts of a configuration that a model is rebuilt from. The rest only records the run.

For a joint task these are its own, and the same of each of its `parts`.
"""

RELEASED = {
    # trunks
    "mobilenet_v1": "backbone.mobilenet_v1.MobileNetV1",
    "mobilenet_v2": "backbone.mobilenet_v2.MobileNetV2",
    "mobilenet_v3": "backbone.timm_mobilenet.MobileNetV3",
    "mobilenet_v4": "backbone.timm_mobilenet.MobileNetV4",
    "timm": "backbone.timm_trunk.TimmTrunk",
    # heads
    "classifier": "backbone.classifier.Classifier",
    "ssd": "tasks.detection.ssd.SSD",
    "ssd_fpn": "tasks.detection.ssd_fpn.SSDFPN",
    "picodet": "tasks.detection.picodet.PicoDet",
    "faster_rcnn": "tasks.detection.faster_rcnn.FasterRCNN",
    "embedding": "tasks.faces.embedding.Embedding",
    "joint_head": "tasks.joint.network.Joint",
    # tasks
    "classification": "tasks.classification.task.Classification",
    "detection": "tasks.detection.task.Detection",
    "planet": "tasks.geolocation.task.Planet",
    "face_attributes": "tasks.faces.attributes.FaceAttributes",
    "face_embedding": "tasks.faces.embedding_task.FaceEmbedding",
    "joint": "tasks.joint.task.JointTask",
    # parts of tasks
    "view": "tasks.images.view.View",
    "cosface": "tasks.faces.margin.CosFace",
    "arcface": "tasks.faces.margin.ArcFace",
    # comparisons of a student with a teacher
    "kullback_leibler": "tasks.distillation.objective.kullback_leibler",
    "attribute_cross_entropy": "tasks.distillation.objective.attribute_cross_entropy",
    "squared_distance": "tasks.distillation.objective.squared_distance",
    "detection_objective": "tasks.detection.distillation.DetectionObjective",
}
"""Stable name -> the class or function that it stands for."""

STABLE = {path: name for name, path in RELEASED.items()}
"""The class or function -> its stable name."""

VERSION_0_1_0 = {
    "backbone.mobilenet_v1.MobileNetV1": "mobilenet_v1",
    "backbone.mobilenet_v2.MobileNetV2": "mobilenet_v2",
    "backbone.timm_trunk.TimmTrunk": "timm",
    "tasks.classification.head.Classifier": "classifier",
    "tasks.detection.ssd.SSD": "ssd",
    "tasks.detection.faster_rcnn.FasterRCNN": "faster_rcnn",
    "tasks.faces.embedding.Embedding": "embedding",
    "tasks.classification.task.Classification": "classification",
    "tasks.detection.task.Detection": "detection",
    "tasks.geolocation.task.Planet": "planet",
    "tasks.faces.attributes.FaceAttributes": "face_attributes",
    "tasks.faces.embedding_task.FaceEmbedding": "face_embedding",
    "tasks.faces.margin.CosFace": "cosface",
    "tasks.faces.margin.ArcFace": "arcface",
    "tasks.distillation.kullback_leibler": "kullback_leibler",
    "tasks.distillation.attribute_cross_entropy": "attribute_cross_entropy",
    "tasks.distillation.squared_distance": "squared_distance",
}
"""Import path in checkpoints of version 0.1.0 -> stable name."""


def described(config: Any) -> dict[str, Any]:
    """A configuration as a checkpoint holds it: with stable names instead of import paths.

    In the parts that are built, code from outside the suite keeps its path as its name. In other
    parts paths are left out, since nothing is built from them; config.yaml has them.
    """
    plain: dict[str, Any] = _described(config, ())
    return plain


def _described(value: Any, place: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_described(inner, (*place, str(i))) for i, inner in enumerate(value)]
    if not isinstance(value, dict):
        return value
    inner = place[2:] if place[:1] == (PARTS,) else place
    built = any(inner[: len(part)] == part for part in BUILT)
    left_out = ("_target_",) if built else ("_target_", "_partial_", "_recursive_", "_convert_")
    plain = {k: _described(v, (*place, k)) for k, v in value.items() if k not in left_out}
    if not built or "_target_" not in value:
        return plain
    return {NAME: STABLE.get(value["_target_"], value["_target_"]), **plain}


def without_paths(value: Any) -> Any:
    """A configuration with names instead of all import paths, to compare it with another one."""
    if isinstance(value, list):
        return [without_paths(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    # a class may be called 3: JSON would turn the number into text, and cannot sort both kinds
    plain = {str(k): without_paths(v) for k, v in value.items() if k != "_target_"}
    if "_target_" not in value:
        return plain
    path = value["_target_"]
    return {NAME: STABLE.get(path, path.rpartition(".")[2]), **plain}


def at(config: Mapping[str, Any], place: Sequence[str]) -> Any:
    """The value at a path of keys in nested mappings; None if there is none."""
    value: Any = config
    for key in place:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
