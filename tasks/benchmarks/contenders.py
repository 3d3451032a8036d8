"""What is timed for a checkpoint: PyTorch, and the files that were exported beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from backbone.errors import InputError
from tasks.benchmarks.runtime_options import TORCH
from tasks.export.description import sha256
from tasks.export.exporting import DESCRIPTION
from tasks.export.formats import FORMATS, READERS, ExportedFile
from tasks.runs.plain_files import json_in
from tasks.runs.processes import usable_cores
from tasks.training.compiling import in_one_line
from tasks.training.model import Model

RUNNERS = FORMATS | READERS
UNEXPORTED = "python -m tasks.export {checkpoint} format={name} writes it"


@dataclass(frozen=True)
class Contender:
    """PyTorch, or a file in a runtime.

    Args:
        name: of the runtime.
        precision: of its weights, as in model.json.
        path: of the file; None for PyTorch.
        outputs: names of the file's outputs, in order.
        batch: images per call; None: any number.
    """

    name: str
    precision: str
    path: Path | None = None
    outputs: tuple[str, ...] = ()
    batch: int | None = None

    def open(self, model: Model, threads: int | None) -> ExportedFile:
        """Make it ready to run with so many threads; None: one per core.

        Raises:
            InputError: the file is damaged.
        """
        if self.path is None:
            return Eager(model, threads)
        try:
            return RUNNERS[self.name].open(self.path, list(self.outputs), threads)
        except Exception as error:  # each runtime has errors of its own
            raise InputError(
                f"{self.name} cannot open {self.path} ({in_one_line(error)}): if the file is "
                "damaged, export it again"
            ) from error


class Eager:
    """PyTorch, run as an exported file is.

    Args:
        threads: number of threads to compute with; None: one per core.
    """

    def __init__(self, model: Model, threads: int | None):
        self.model, self.threads = model, threads or usable_cores()

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs by name for contiguous pixels uint8[B, h, w, 3]."""
        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        with torch.inference_mode():
            outputs = self.model.task.deploy(torch.from_numpy(images).permute(0, 3, 1, 2))
        return {name: value.numpy() for name, value in outputs.items()}


def contenders(model: Model, runtimes: Sequence[str] | None) -> list[Contender]:
    """PyTorch, and the files that were exported beside a model's checkpoint.

    Args:
        runtimes: the ones that are wanted; None: all whose files and packages are there.

    Raises:
        InputError: a wanted runtime has no file, or is not installed.
    """
    checkpoint = model.checkpoint.path
    found = [Contender(TORCH, "float32"), *exported_files(checkpoint)]
    if runtimes is not None:
        for name in runtimes:
            if name not in {contender.name for contender in found}:
                advice = UNEXPORTED.format(
                    checkpoint=checkpoint, name="onnx" if name in READERS else name
                )
                raise InputError(f"runtimes={name}: there is no file beside {checkpoint}: {advice}")
            if name != TORCH:
                RUNNERS[name].require()
        return [contender for contender in found if contender.name in runtimes]
    return [c for c in found if c.path is None or _is_installed(c.name)]


def exported_files(checkpoint: Path) -> list[Contender]:
    """The files that were exported from a checkpoint into folders beside it.

    A file of another checkpoint, and a folder whose description cannot be used, are left out, and a
    line says so.
    """
    found, digest = [], sha256(checkpoint)
    for place in sorted(checkpoint.parent.glob(f"*/{DESCRIPTION}")):
        try:
            described = json_in(place)
            path = place.with_name(described["file"])  # which refuses a path into another folder
            outputs = tuple(map(str, described["outputs"]))
            source, shape = described["checkpoint"]["sha256"], described["input"]["shape"][0]
            weights = str(described.get("precision", {}).get("weights", "float32"))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            print(f"left out: {place} does not describe an exported file")
            continue
        if source != digest:
            print(f"left out: {path} was exported from another {checkpoint.name}: export it again")
            continue
        if not path.is_file():
            print(f"left out: {path} is missing: export it again")
            continue
        batch = shape if isinstance(shape, int) else None
        precision = weights.partition(",")[0]  # the rest says how they are scaled
        for name, form in RUNNERS.items():
            if form.suffix == path.suffix:
                found.append(Contender(name, precision, path, outputs, batch))
    return found


def _is_installed(name: str) -> bool:
    try:
        RUNNERS[name].require()
    except InputError as error:
        print(f"left out: {error}")
        return False
    return True
