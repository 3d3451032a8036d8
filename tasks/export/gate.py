"""The gate: a file leaves only if its own runtime gives PyTorch's answers on real photographs."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from backbone.errors import InputError, number_of
from tasks.export.comparing import compare
from tasks.export.description import installed
from tasks.export.formats import Format
from tasks.export.options import Options
from tasks.export.photographs import named_photographs, pixels_of_files
from tasks.export.run_data import validation_pixels
from tasks.training.model import Model

AT_ONCE = 8  # images that the network answers together
ODD = 3  # images per call, besides 1, of a file that takes any number


@dataclass(frozen=True)
class ParityProof:
    """Writes a model as it is, and compares the file's answers with PyTorch's.

    Args:
        model: on the CPU.
        form: of the file.
        pixels: photographs, contiguous uint8[N, h, w, 3].
        source: where they come from, in words.
        batch: images per call that the file is written for; None: any number.
    """

    model: Model
    form: Format
    pixels: np.ndarray
    source: str
    batch: int | None
    precision: ClassVar[dict[str, Any]] = {"weights": "float32"}

    def check(self, path: Path) -> dict[str, Any]:
        """What parity.json says of a file."""
        return check(self.model, self.form, path, self.pixels, self.batch) | {"source": self.source}

    def told(self, report: Mapping[str, Any]) -> str:
        """That in a few lines."""
        return told_parity(report)


def parity_proof(options: Options, model: Model) -> ParityProof:
    """The proof of a file in float.

    Raises:
        InputError: the photographs cannot be used, or an option is for integers.
    """
    for key in ("tolerance", "reduce_range"):
        if getattr(options, key) is not None:
            raise InputError(
                f"{key}= is for files of integers, and {options.checkpoint} is exported in float: "
                "leave it out, or add int8=FOLDER"
            )
    if options.photos is None:
        pixels, source = validation_pixels(model.checkpoint, options.root)
    else:
        paths = named_photographs(options.photos)
        pixels, source = pixels_of_files(model, paths), f"photos={options.photos.name}"
    return ParityProof(model, options.form, pixels, source, options.batch)


def check(
    model: Model, form: Format, path: Path, pixels: np.ndarray, batch: int | None
) -> dict[str, Any]:
    """Run a file on photographs and compare its answers with the model's.

    Args:
        model: on the CPU.
        path: the exported file.
        pixels: contiguous uint8[N, h, w, 3].
        batch: images per call that the file was written for; None: any number.

    Returns:
        What parity.json says, as plain values; `passed` is one of them.
    """
    expected = answers(model, pixels)
    file = form.open(path, list(expected))
    compared: dict[int, dict[str, Any]] = {}
    for count in (1, ODD) if batch is None else (batch,):
        compared[count] = compare(expected, in_batches(file.run, pixels, count))
    return {
        "passed": all(found["passed"] for one in compared.values() for found in one.values()),
        "format": form.name,
        "runtime": f"{form.runtime} {installed(form.runtime)}",
        "reference": f"PyTorch {torch.__version__}, float32",
        "machine": f"{platform.system()} {platform.machine()}",
        "photographs": len(pixels),
        "by_images_per_call": {str(count): found for count, found in compared.items()},
    }


def answers(model: Model, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """The model's own answers, by the names of `Task.deploy`."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pixels), AT_ONCE):
            images = torch.from_numpy(pixels[start : start + AT_ONCE]).permute(0, 3, 1, 2)
            parts.append({k: v.numpy() for k, v in model.task.deploy(images).items()})
    return _joined(parts)


def in_batches(run: Any, pixels: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """The outputs of `run` for all images, `count` per call; the last call repeats an image."""
    parts = []
    for start in range(0, len(pixels), count):
        some = pixels[start : start + count]
        missing = count - len(some)
        given = np.concatenate([some, np.repeat(some[-1:], missing, 0)]) if missing else some
        parts.append({k: v[: len(some)] for k, v in run(np.ascontiguousarray(given)).items()})
    return _joined(parts)


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def told_parity(report: Mapping[str, Any]) -> str:
    """A report in a few lines."""
    lines = [
        f"{number_of(report['photographs'], 'photograph')}, {report['runtime']} against "
        f"{report['reference']}"
    ]
    for count, outputs in report["by_images_per_call"].items():
        for name, found in outputs.items():
            verdict = "ok" if found["passed"] else "FAILED"
            lines.append(f"  {count} per call, {name}: {_figures(found)}: {verdict}")
            lines += [f"    {example}" for example in found.get("examples", [])]
    return "\n".join(lines)


def _figures(found: Mapping[str, Any]) -> str:
    if found.get("boxes") == 0:
        return "no box on any photograph, so nothing was compared; name others with photos="
    if "boxes" in found:
        return (
            f"{number_of(found['boxes'], 'box')} above {found['above']:.2g}, {found['missed']} "
            f"missed; at most {found['largest_px']:.2g} px (allowed {found['allowed_px']}) and "
            f"{found['largest_score']:.2g} in score (allowed {found['allowed_score']})"
        )
    if "shape" in found:
        return f"shape {found['shape']} in place of {found['expected']}"
    if found["largest"] is None:
        return "not finite"
    return f"differs by at most {found['largest']:.2g} (allowed {found['allowed']:.2g})"
