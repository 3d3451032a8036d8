"""What a program needs to know of an exported file, as plain values: model.json."""

import hashlib
import math
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from torch import Tensor

from tasks.data.labels import Labels
from tasks.export.formats import Format
from tasks.export.graph import INPUT, WholeAnswer
from tasks.images.files import PADDING
from tasks.runs.card import data_terms
from tasks.runs.names import at
from tasks.training.model import Model

FORMAT = 1  # of model.json


def describe(
    model: Model, graph: WholeAnswer, form: Format, batch: int | None = None
) -> dict[str, Any]:
    """What model.json says.

    Args:
        graph: of the model.
        form: of the file.
        batch: images per call; None: any number, which is written N.
    """
    checkpoint, task = model.checkpoint, model.task
    height, width = model.size
    labels, trunk = checkpoint.labels, task.head.trunk
    backbone = checkpoint.config["backbone"]
    count = "N" if batch is None else batch
    outputs = task.deploy(graph.example(1).permute(0, 3, 1, 2))
    return {
        "format": FORMAT,
        "file": form.file,
        "runtime": form.name,
        "task": checkpoint.task_name,
        "kind": at(checkpoint.config, ("task", "kind")),
        "input": {
            "name": INPUT,
            "type": "uint8",
            "shape": [count, height, width, 3],
            "pixels": "RGB, 0 to 255; the file normalises them itself",
            "decoding": "turned as EXIF says; 8 bits per channel; transparent pixels on white",
            "normalised_by": {
                "mean": list(map(float, trunk.normalization[0])),
                "deviation": list(map(float, trunk.normalization[1])),
            },
            "view": {
                "crop_fraction": task.view.crop_fraction,
                "box": None if task.view.box is None else list(map(float, task.view.box)),
                "keep_aspect": task.view.keep_aspect,
                "padding": PADDING,
                "resampling": "bilinear, over the whole area of each pixel (Pillow's)",
            },
        },
        "outputs": {
            name: {
                "type": _type(tensor, form),
                "shape": [count, *tensor.shape[1:]],
                "meaning": task.deploys.get(name, ""),
            }
            for name, tensor in outputs.items()
        },
        "labels": _labels(labels),
        "chosen": dict(checkpoint.chosen),
        # of a joint network: whose outputs are called NAME.OUTPUT
        "parts": {
            name: {
                "task": part.task_name,
                "kind": at(part.config, ("task", "kind")),
                "labels": _labels(part.labels),
                "chosen": dict(part.chosen),
                "trained_at": list(part.size),
            }
            for name, part in checkpoint.parts.items()
        },
        "network": {
            "backbone": backbone | {"weights": _name(backbone.get("weights"))},
            "weights": _name(at(checkpoint.config, ("task", "head", "weights"))),
        },
        "checkpoint": {"file": checkpoint.path.name, "sha256": sha256(checkpoint.path)},
        "scores": None if checkpoint.scores is None else _finite(checkpoint.scores),
        "data": dict(zip(("name", "licence"), data_terms(checkpoint.config), strict=True)),
        "versions": {name: installed(name) for name in ("mobilenet-suite", "torch")},
    }


def installed(package: str) -> str | None:
    """The version of a package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def sha256(path: Path) -> str:
    """The digest of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _type(output: Tensor, form: Format) -> str:
    """Of an output in the file, such as float32."""
    return str(output.dtype).removeprefix("torch.") if output.is_floating_point() else form.whole


def _labels(labels: Labels) -> dict[str, list[Any]]:
    return {
        "outputs": list(labels.outputs),
        "ids": list(labels.ids),
        "names": list(labels.names),
    }


def _name(weights: Any) -> Any:
    """Where weights came from, without the folders of this machine."""
    return Path(weights).name if isinstance(weights, str) else weights


def _finite(scores: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in scores.items()}
