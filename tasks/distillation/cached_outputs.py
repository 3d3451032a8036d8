"""A teacher's outputs from a file: the same for every crop or flip of an image."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from backbone.errors import InputError, number_of
from backbone.npz import NPZ_ERRORS, read_npz
from tasks.data.batches import Batch
from tasks.data.image_index import ImageIndex
from tasks.distillation.objective import Objective, check_width
from tasks.training.metric import MetricResult
from tasks.training.teaching import Student, Surroundings

KINDS = ("output", "embedding", "probability")


class CachedOutputs:
    """A teacher's outputs from an .npz file, written by any program.

    The file holds `name` str[N]: each image's path relative to the data's image folder, or its bare
    file name. It also holds one of

    - `output` float[N, D], the output of a head of this suite (logits or an embedding),
    - `embedding` float[N, D],
    - `probability` float[N, D] in 0..1, of independent attributes,

    and it may name the outputs in `label` str[D]. Other arrays in it are ignored.

    Args:
        path: the file.
    """

    def __init__(self, path: str):
        self.path = path
        # split -> float32[images, D], with the rows of the split
        self.tables: dict[str, Tensor] = {}

    def prepare(self, student: Student, objective: Objective) -> None:
        """See TeacherOutputs; the file is read once the data is known."""
        objective.prepare(student, None, f"distill.outputs={self.path}")

    def begin(self, student: Student, surroundings: Surroundings) -> None:
        """Find every training image in the file, and other splits if it has all their images.

        Raises:
            InputError: the file does not exist or has another form; it lacks training images; its
                outputs have another width or other labels.
        """
        names, outputs, labels = read_outputs(Path(self.path))
        check_width(outputs.shape[1], student, f"distill.outputs={self.path}")
        ids = [str(i) for i in student.labels.ids]
        if student.outputs_are_labels and len(labels) and labels.tolist() != ids:
            raise InputError(
                f"distill.outputs={self.path} answers {', '.join(labels[:8])} ..., but the data "
                f"has {', '.join(ids[:8])} ...: another list, or another order"
            )
        rows = {name: row for row, name in enumerate(names.tolist())}
        bare: dict[str, int] = {}
        for name, row in rows.items():  # a bare file name is found only if it is unique
            last = name.rpartition("/")[2]
            bare[last] = -1 if last in bare else row
        for split, index in surroundings.data.indices.items():
            if not isinstance(index, ImageIndex):
                raise InputError(f"distill.outputs={self.path}: {split} is no list of image files")
            files = [os.fsdecode(file) for file in index.files]
            found = np.array(
                [rows.get(file, bare.get(file.rpartition("/")[2], -1)) for file in files]
            )
            missing = np.flatnonzero(found < 0)
            if not len(missing):
                self.tables[split] = torch.from_numpy(outputs[found]).to(surroundings.device)
            elif split == "train":
                lacking = "\n".join(f"  {files[i]}" for i in missing[:10])
                raise InputError(
                    f"distill.outputs={self.path} lacks {len(missing):,} of {len(files):,} "
                    f"training images:\n{lacking}\nIts names look like {names[0]}. Write outputs "
                    "for all images with python -m tasks.teacher, or train on the images that it "
                    "has"
                )

    def outputs(self, images: Tensor, batch: Batch, split: str) -> Tensor | None:
        """The rows float[B, D] of a batch; None if the file lacks images of the split."""
        table = self.tables.get(split)
        return None if table is None else table[batch["image_id"]]

    def result(self, surroundings: Surroundings) -> MetricResult | None:
        """None: a file has no answers, but outputs for some images."""
        return None

    def describe(self) -> dict[str, Any]:
        """The file that the outputs came from."""
        return {"outputs": self.path}


def read_outputs(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Names str[N], outputs float32[N, D] and labels str[D or 0] of a file of outputs.

    Raises:
        InputError: the file does not exist, is damaged, or lacks something.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: no such file of outputs; python -m tasks.teacher CHECKPOINT IMAGES writes one"
        )
    found = _read_arrays(path)
    kinds = [kind for kind in KINDS if kind in found]
    if "name" not in found or len(kinds) != 1:
        raise InputError(
            f"{path} must hold `name` and one of {', '.join(f'`{k}`' for k in KINDS)}; it holds "
            f"{', '.join(found) or 'none of them'}"
        )
    names = _texts(path, "name", found["name"])
    labels = _texts(path, "label", found.get("label", np.array([], dtype=str)))
    if len(np.unique(names)) < len(names):
        values, counts = np.unique(names, return_counts=True)
        raise InputError(f"{path}: `name` holds {values[counts > 1][0]} more than once")
    outputs = _outputs(path, kinds[0], found[kinds[0]], names)
    if len(labels) not in (0, outputs.shape[1]):
        raise InputError(
            f"{path}: {number_of(len(labels), 'label')} for "
            f"{number_of(outputs.shape[1], 'output')} per image"
        )
    return names, outputs, labels


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file that mean something here."""
    try:
        return read_npz(path, ("name", "label", *KINDS))
    except NPZ_ERRORS as error:
        raise InputError(f"{path} is damaged or not an .npz file: {error}") from error


def _texts(path: Path, key: str, values: np.ndarray) -> np.ndarray:
    """A list of texts str[N]; other programs may have written bytes, or numbers as labels."""
    if values.ndim != 1 or values.dtype.kind not in "USiu":
        raise InputError(
            f"{path}: `{key}` must be a list of texts, but is an array of shape "
            f"{list(values.shape)} and type {values.dtype}"
        )
    try:
        return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values.astype(str)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: `{key}` is not in UTF-8: {error}") from error


def _outputs(path: Path, kind: str, values: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Outputs float32[N, D]; probabilities become logits."""
    if values.dtype.kind not in "fiu":
        raise InputError(f"{path}: `{kind}` must hold numbers, but has the type {values.dtype}")
    if values.ndim != 2 or len(values) != len(names) or not values.size:
        raise InputError(
            f"{path}: {number_of(len(names), 'name needs', 'names need')} `{kind}` of shape "
            f"[{len(names)}, D], with at least one image and one value; it has "
            f"{list(values.shape)}"
        )
    with np.errstate(over="ignore"):  # beyond float32: infinite, and refused as such
        outputs: np.ndarray = values.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(outputs).all(1))
    if len(bad):
        raise InputError(
            f"{path}: the outputs of {len(bad):,} of {len(names):,} images are not finite in "
            f"float32: {names[bad[0]]}"
        )
    if kind != "probability":
        return outputs
    if outputs.min() < 0 or outputs.max() > 1:
        raise InputError(f"{path}: `probability` holds values outside 0..1")
    clipped = outputs.clip(1e-6, 1 - 1e-6)  # a logit must be finite
    logits: np.ndarray = np.log(clipped) - np.log1p(-clipped)
    return logits
