"""What the page shows of a checkpoint: its exported file, and what it says of itself."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasks.classification.presenter import ClassPresenter
from tasks.demo.assembly import Shown
from tasks.demo.earth import MAP_HEIGHT, MAP_WIDTH, cells_under_pixels
from tasks.demo.weights import narrowed
from tasks.detection.presenter import BoxPresenter
from tasks.export.description import sha256
from tasks.export.onnx import build_onnx
from tasks.faces.attribute_presenter import AttributePresenter
from tasks.faces.embedding_presenter import EmbeddingPresenter
from tasks.geolocation import s2
from tasks.geolocation.drawing import FADED
from tasks.geolocation.names import token
from tasks.geolocation.presenter import PlacePresenter
from tasks.runs.card import data_terms
from tasks.training.model import Model
from tasks.training.presenter import Presenter

# what a presenter's answers are to the page, and the heading above them where there are several;
# the answers of any other presenter are shown as plain values
KINDS: dict[type[Presenter[Any]], tuple[str, str]] = {
    BoxPresenter: ("boxes", "Objects"),
    ClassPresenter: ("classes", "Classes"),
    AttributePresenter: ("attributes", "Attributes"),
    EmbeddingPresenter: ("embedding", "Embedding"),
    PlacePresenter: ("places", "Place"),
}


def shown_model(path: Path, number: int, trust: Sequence[str], precision: str) -> Shown:
    """A checkpoint as the page shows it.

    Args:
        path: of the checkpoint.
        number: of the model in the page.
        trust: see `Model.load`.
        precision: of the stored weights, see `narrowed`.

    Raises:
        InputError: the checkpoint cannot be used.
    """
    model = Model.load(path, trust)
    content = build_onnx(model, batch=1)
    outputs = [output.name for output in content.graph.output]
    parts = parts_of_presenter(model.presenter)
    answers, rasters = [], {}
    for place, (name, presenter) in enumerate(parts.items()):
        prefix = f"{name}." if name else ""
        own = {o.removeprefix(prefix): o for o in outputs if o.startswith(prefix)}
        answers.append(describe_answer(presenter, f"{number}-{place}", own))
        if name:
            answers[-1]["title"] = name
        if isinstance(presenter, PlacePresenter):
            raster = cells_under_pixels(presenter.partition)
            rasters[answers[-1]["map"]["element"]] = raster.tobytes()
    view = model.task.view
    description = {
        "title": model.checkpoint.task_name,
        "network": _network(model),
        "size": list(model.size),
        "view": {
            "crop_fraction": view.crop_fraction,
            "box": None if view.box is None else list(map(float, view.box)),
            "keep_aspect": view.keep_aspect,
        },
        "answers": answers,
        "about": _about(model, precision),
    }
    return Shown(narrowed(content.SerializeToString(), precision), description, rasters)


def tell_apart(models: Sequence[Shown], paths: Sequence[Path]) -> list[Shown]:
    """The same models; those of one task and network are named by what their files differ in.

    Args:
        paths: of their checkpoints.
    """
    named = [(model.description["title"], model.description["network"]) for model in models]
    told = []
    for number, model in enumerate(models):
        alike = [k for k, name in enumerate(named) if name == named[number]]
        if len(alike) > 1:
            name = _distinction([paths[k] for k in alike], alike.index(number))
            network = f"{model.description['network']}, {name}"
            model = replace(model, description={**model.description, "network": network})
        told.append(model)
    return told


def _distinction(paths: Sequence[Path], place: int) -> str:
    """What tells one of some checkpoints apart: its folder, its name, or else its place."""
    for names in ([path.resolve().parent.name for path in paths], [path.stem for path in paths]):
        if len(set(names)) == len(names):
            return names[place]
    return f"number {place + 1}"


def parts_of_presenter(presenter: Presenter[Any]) -> dict[str, Presenter[Any]]:
    """The presenters of a model of several tasks by name; under no name the one of a single task.

    The outputs of a part have its name and a full stop before their own.
    """
    parts: dict[str, Presenter[Any]] = getattr(presenter, "parts", {"": presenter})
    return parts


def describe_answer(
    presenter: Presenter[Any], place: str, outputs: dict[str, str]
) -> dict[str, Any]:
    """What the page must know of one answer of a model.

    Args:
        place: which it is, unique in the page.
        outputs: the names that the answer knows the file's outputs by -> the file's own.
    """
    kind, title = next(
        (found for known, found in KINDS.items() if isinstance(presenter, known)),
        ("values", "Answer"),
    )
    answer: dict[str, Any] = {"kind": kind, "title": title, "place": place, "outputs": outputs}
    if isinstance(presenter, PlacePresenter):
        partition = presenter.partition
        return answer | {
            "cells": {
                "tokens": [token(cell) for cell in partition.cells],
                "centres": partition.centres.round(4).tolist(),
                "across_km": [round(s2.area_km2(cell) ** 0.5, 1) for cell in partition.cells],
            },
            "faded": FADED,
            "map": {"element": f"map-{place}", "width": MAP_WIDTH, "height": MAP_HEIGHT},
        }
    labels = presenter.labels
    answer |= {"ids": list(labels.ids), "names": list(labels.names)}
    if isinstance(presenter, BoxPresenter):
        answer["threshold"] = presenter.threshold
    return answer


def _network(model: Model) -> str:
    """The network in a few words, such as mobilenet_v1 0.75, 300 px."""
    backbone = model.checkpoint.config.get("backbone") or {}
    alpha = backbone.get("alpha")
    network = str(backbone.get("name") or backbone.get("_name_") or "network")
    width = "" if alpha is None else f" {alpha:g}"
    height, wide = model.size
    size = f"{wide} px" if height == wide else f"{wide}x{height} px"
    return f"{network}{width}, {size}"


def _about(model: Model, precision: str) -> dict[str, str]:
    """What the foot of the page says of a model."""
    checkpoint = model.checkpoint
    scores = ", ".join(f"{name} {v:.4g}" for name, v in (checkpoint.scores or {}).items())
    height, width = model.size
    return {
        "Task": checkpoint.task_name,
        "Network": _network(model),
        "Input": f"{width} x {height} pixels",
        "Weights": f"stored as {precision}, computed in float32",
        "Validation": scores or "no scores in the checkpoint",
        "Data": ": ".join(data_terms(checkpoint.config)),
        "Checkpoint": checkpoint.path.name,
        "SHA-256": sha256(checkpoint.path),
    }
