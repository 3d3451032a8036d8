"""Which model describes which node of a composed configuration."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tasks.cli.schema import (
    backbone,
    classification,
    data,
    detection,
    faces,
    geolocation,
    joint,
    optimizer,
    run,
    task,
    trainer,
)
from tasks.cli.schema.node import CONTROLS, Anything, Described

Model = type[Described]
Values = Mapping[str, Any]


class Part(NamedTuple):
    """A node of a configuration and what describes it.

    key: its dotted key; empty for the root. values: the node itself. model: its description. open:
    whether it may have further options, which its constructor knows.
    """

    key: str
    values: Values
    model: Model
    open: bool


# by the last part of a node's _target_
BACKBONES: dict[str, Model] = {
    "MobileNetV1": backbone.MobileNetV1Options,
    "MobileNetV2": backbone.MobileNetV2Options,
    "MobileNetV3": backbone.TimmMobileNetOptions,
    "MobileNetV4": backbone.TimmMobileNetOptions,
    "TimmTrunk": backbone.TimmTrunkOptions,
}
OPTIMIZERS: dict[str, Model] = {
    "SGD": optimizer.SGDOptions,
    "AdamW": optimizer.AdamWOptions,
    "RMSpropTF": optimizer.RMSpropTFOptions,
}
SCHEDULES: dict[str, Model] = {
    "cosine": optimizer.CosineOptions,
    "exponential": optimizer.ExponentialOptions,
    "stepwise": optimizer.StepwiseOptions,
}
MODULES: dict[str, Model] = {
    "Classification": classification.ClassificationOptions,
    "Detection": detection.DetectionOptions,
    "FaceAttributes": faces.FaceAttributesOptions,
    "FaceEmbedding": faces.FaceEmbeddingOptions,
    "Planet": geolocation.PlanetOptions,
}
MARGINS: dict[str, Model] = {"CosFace": faces.MarginOptions, "ArcFace": faces.MarginOptions}
HEADS: dict[str, Model] = {
    "Classifier": task.ClassifierOptions,
    "Embedding": faces.EmbeddingOptions,
    "SSD": detection.SSDOptions,
    "SSDFPN": detection.SSDFPNOptions,
    "PicoDet": detection.PicoDetOptions,
    "FasterRCNN": detection.FasterRCNNOptions,
    "Joint": joint.JointHeadOptions,
}
COMPARISONS: dict[str, Model] = {
    "kullback_leibler": task.TemperatureOptions,
    "attribute_cross_entropy": task.TemperatureOptions,
    "squared_distance": faces.DistanceOptions,
    "DetectionObjective": detection.DetectionObjectiveOptions,
}
BENCHMARKS: dict[str, Model] = {
    "benchmark_classifier": task.TimingOptions,
    "benchmark_ssd": task.TimingOptions,
    "benchmark_ssd_fpn": task.TimingOptions,
    "benchmark_faster_rcnn": task.TimingOptions,
    "benchmark_planet": geolocation.CountingOptions,
    "benchmark_joint": task.TimingOptions,
}
# for a data set: by its source, or else by its module
SOURCES: dict[str, Model] = {
    "ImageNet": classification.ImageNetOptions,
    "ImageFolder": classification.ImageFolderOptions,
    "StanfordDogs": classification.StanfordDogsOptions,
    "CelebA": faces.AttributeSetOptions,
    "UTKFace": faces.UTKFaceOptions,
    "AttributeLists": faces.AttributeListsOptions,
    "CelebaIdentities": faces.FacesOptions,
    "FaceFolders": faces.FaceFoldersOptions,
    "UnlabelledFaces": faces.UnlabelledFacesOptions,
    "PlaceLists": geolocation.PlaceListsOptions,
    "GpsFolders": geolocation.GpsFoldersOptions,
    "ShardedPlaces": geolocation.ShardedPlacesOptions,
}
DATA_MODULES: dict[str, Model] = {
    "CocoData": detection.CocoOptions,
    "ImageData": data.LabelledImagesOptions,
    "AttributeData": faces.AttributeSetOptions,
    "FaceData": faces.FacesOptions,
    "JointData": joint.JointDataOptions,
    "PlaceData": geolocation.PhotographSetOptions,
}
SAMPLES: dict[str, Model] = {
    "draw_coco": data.SampleOptions,
    "draw_dogs": data.SampleOptions,
    "draw_places": data.SampleOptions,
    "draw_imagenet": data.SampleOfImageNetOptions,
    "draw_faces": data.SampleOfFacesOptions,
    "": data.SampleFolderOptions,
}
# nodes whose options repeat others by interpolation: all of them, or some
REPEATING = ("data.module", "data.source", "data.check", "distill.source")
WIRING = (*REPEATING, "task.module", "task.head")


def target(node: object) -> str:
    """The dotted path of the object that a node builds; empty if it builds none."""
    return str(node.get("_target_") or "") if isinstance(node, Mapping) else ""


def of_the_suite(node: object) -> bool:
    """Whether a node builds an object of this suite, or nothing."""
    return target(node).partition(".")[0] in ("", "tasks", "backbone")


def options_of(node: Values) -> list[str]:
    """The names in a node, without Hydra's own."""
    return [name for name in node if name not in CONTROLS]


def parts(config: Values) -> Iterator[Part]:
    """Every node of a configuration that the schema describes, outer ones first."""
    for key, choose in CHOICES.items():
        node: object = config
        for name in key.split(".") if key else ():
            node = node.get(name) if isinstance(node, Mapping) else None
        if isinstance(node, Mapping):
            yield Part(key, node, *choose(node, config))


def _fixed(model: Model) -> Callable[[Values, Values], tuple[Model, bool]]:
    return lambda node, config: (model, False)


def _by_target(models: dict[str, Model]) -> Callable[[Values, Values], tuple[Model, bool]]:
    def choose(node: Values, config: Values) -> tuple[Model, bool]:
        name = target(node).rpartition(".")[2]
        known = models.get(name) if _ours(node) else None
        return (Anything, True) if known is None else (known, name == "TimmTrunk")

    return choose


def _ours(node: Values) -> bool:
    return of_the_suite(node) or target(node).startswith(("torch.optim.", "timm.optim."))


def _data(node: Values, config: Values) -> tuple[Model, bool]:
    if of_the_suite(node.get("source")):
        known = SOURCES.get(target(node.get("source")).rpartition(".")[2])
        if known is not None:
            return known, False
    name = target(node.get("module")).rpartition(".")[2]
    return DATA_MODULES.get(name, data.DataSetOptions), False


def _distill(node: Values, config: Values) -> tuple[Model, bool]:
    if "teacher" in node:
        return run.NetworkTeachingOptions, False
    return (run.CachedTeachingOptions if "outputs" in node else run.TeachingOptions), False


def _task(node: Values, config: Values) -> tuple[Model, bool]:
    return (joint.JointTaskOptions if "parts" in node else task.TaskOptions), False


CHOICES: dict[str, Callable[[Values, Values], tuple[Model, bool]]] = {
    "": _fixed(run.RunOptions),
    "early_stop": _fixed(run.EarlyStopOptions),
    "paths": _fixed(run.PathsOptions),
    "preprocess": _fixed(run.PreprocessOptions),
    "backbone": _by_target(BACKBONES),
    "data": _data,
    "data.view": _fixed(data.ViewOptions),
    "data.verification": _fixed(faces.VerificationOptions),
    "data.sample": _by_target(SAMPLES),
    "data.prepare": _by_target(SAMPLES),
    "optimizer": _fixed(optimizer.RecipeOptions),
    "optimizer.optimizer": _by_target(OPTIMIZERS),
    "optimizer.schedule": _by_target(SCHEDULES),
    "trainer": _fixed(trainer.TrainerOptions),
    "logger.wandb": _fixed(run.WandbOptions),
    "logger.mlflow": _fixed(run.MlflowOptions),
    "task": _task,
    "task.module": _by_target(MODULES),
    "task.module.margin": _by_target(MARGINS),
    "task.head": _by_target(HEADS),
    "task.distillation": _by_target(COMPARISONS),
    "task.bench": _by_target(BENCHMARKS),
    "task.sample": _fixed(task.SampleSettingsOptions),
    "task.overfit": _fixed(task.OverfitSettingsOptions),
    "distill": _distill,
    "quantize": _fixed(run.QuantizeOptions),
}
