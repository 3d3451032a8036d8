"""Checkpoints and run configurations of version 0.1.0, converted to today's form.

In 0.1.0 they named code by import paths, and preprocessing and view were options of the task.
"""

import re
from pathlib import Path
from typing import Any

from backbone.errors import InputError
from tasks.runs.names import BUILT, NAME, RELEASED, VERSION_0_1_0, at

# The import paths that 0.1.0 used in parts of a configuration from which nothing is built.
RECORDED = re.compile(
    r"(torch|timm)\.optim\.[A-Z][A-Za-z]+|lightning\.pytorch\.Trainer"
    r"|tasks\.optimization\.(Recipe|cosine|exponential|stepwise)"
    r"|tasks\.(teacher\.Teacher|cached_outputs\.CachedOutputs)"
    r"|tasks\.samples\.(coco|dogs|faces|imagenet|places)\.draw"
    r"|tasks\.(classification|detection|geolocation)\.(faster_rcnn_)?benchmark\.benchmark"
    r"|tasks\.classification\.(source\.check|data\.ImageData|image_folder\.ImageFolder"
    r"|imagenet\.ImageNet|stanford_dogs\.StanfordDogs)"
    r"|tasks\.detection\.(coco_splits\.check_files|data\.CocoData)"
    r"|tasks\.faces\.(lfw\.(check|Lfw)|attribute_data\.AttributeData|embedding_data\.FaceData"
    r"|attribute_lists\.AttributeLists|celeba\.CelebA|utkface\.UTKFace|unlabelled\.UnlabelledFaces"
    r"|identities\.(CelebaIdentities|FaceFolders))"
    r"|tasks\.geolocation\.(data\.PlaceData|partitioning\.Partitioning"
    r"|sources\.(PlaceLists|GpsFolders|ShardedPlaces))"
)
# Import paths of 0.1.0 of which only the beginning has changed.
REPOINTED = {
    "tasks.optimization.": "tasks.training.recipe.",
    "tasks.teacher.": "tasks.distillation.teacher.",
    "tasks.cached_outputs.": "tasks.distillation.cached_outputs.",
}
VIEW = ("crop_fraction", "box", "keep_aspect")  # were options of the task and the data
AUGMENTATION = ("flip", "brightness", "contrast", "saturation")  # were options of the task


def upgrade(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """A checkpoint's content in today's form; `path` is for the error.

    Raises:
        InputError: it names code that did not exist in version 0.1.0.
    """
    config = _renamed(content["config"], path, ())
    _move_options(config, {NAME: "view"})
    labels = dict(content["labels"])
    partition = labels.pop("partition", None)
    labels["details"] = {} if partition is None else {"partition": partition}
    return content | {"config": config, "labels": labels}


def upgrade_config(config: dict[str, Any]) -> dict[str, Any]:
    """A run's configuration in today's form; a configuration of today is returned unchanged.

    Its import paths are converted too, so that it can be compared with a composed one.
    """
    if "preprocess" in config:
        return config
    config = _repointed(config)
    _move_options(config, {"_target_": RELEASED["view"]})
    _add_options(config)
    return {"trust": [], **config}


def _move_options(config: dict[str, Any], view: dict[str, Any]) -> None:
    """Move the options of preprocessing and view to where they are today."""
    module, data = at(config, ("task", "module")), config.get("data")
    if not isinstance(module, dict) or not isinstance(data, dict):
        return
    moved = {key: module[key] for key in VIEW if key in module}
    for owner in (module, data, data.get("module")):
        if isinstance(owner, dict):
            for key in VIEW:
                owner.pop(key, None)
    module.pop("augment", None)  # it always had the value of the root's `augment`
    data["view"] = {**view, "crop_fraction": None, "box": None, "keep_aspect": False, **moved}
    if isinstance(data.get("module"), dict):
        data["module"]["view"] = data["view"]
    config["preprocess"] = {key: module.pop(key) for key in AUGMENTATION if key in module}


def _add_options(config: dict[str, Any]) -> None:
    """Add the options that came later, with values that keep the run's behaviour on a CPU."""
    if isinstance(config.get("trainer"), dict):
        config["trainer"].setdefault("benchmark", True)
    data = config.get("data")
    if not isinstance(data, dict):
        return
    module, check = data.get("module"), data.get("check")
    owners = [owner for owner in (data, module) if isinstance(owner, dict)]
    for owner in owners:
        if "workers" in owner:
            owner |= {"decode": "auto", "skip_unreadable": False}
    if isinstance(module, dict):
        module.setdefault("cache", config.get("paths", {}).get("cache"))
    if data.get("name") != "coco":
        return
    added: dict[str, Any] = {
        split: f"annotations/instances_{split}{data.get('year')}.json" for split in ("train", "val")
    }
    added |= dict.fromkeys(("train_images", "val_images", "val_fraction", "unlabelled"))
    for owner in owners:
        owner.update(added)
    if isinstance(check, dict):
        check.update(added)
    data["keep_classes"] = False


def _repointed(value: Any) -> Any:
    if isinstance(value, list):
        return [_repointed(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    new = {key: _repointed(inner) for key, inner in value.items()}
    path = new.get("_target_")
    if path in VERSION_0_1_0:
        new["_target_"] = RELEASED[VERSION_0_1_0[path]]
    elif isinstance(path, str):
        for old, today in REPOINTED.items():
            if path.startswith(old):
                new["_target_"] = today + path.removeprefix(old)
    return new


def _renamed(value: Any, path: Path, place: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_renamed(inner, path, (*place, str(i))) for i, inner in enumerate(value)]
    if not isinstance(value, dict):
        return value
    renamed = {k: _renamed(v, path, (*place, str(k))) for k, v in value.items() if k != "_target_"}
    if "_target_" not in value:
        return renamed
    target = value["_target_"]
    built = any(place[: len(part)] == part for part in BUILT)
    if built and isinstance(target, str):
        # a path outside the suite is kept: it is only built if the user trusts it
        return {NAME: VERSION_0_1_0.get(target, target), **renamed}
    if not isinstance(target, str) or not RECORDED.fullmatch(target):
        raise InputError(
            f"{path}: {'.'.join(place)} names {target!r}, which no run of version 0.1.0 wrote: it "
            "may be crafted to run code. Nothing of it was run; do not use it"
        )
    renamed.pop("_partial_", None)
    return renamed
