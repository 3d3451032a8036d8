"""The gate of a file in integers: its score on labelled images, beside the checkpoint's own."""

import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from backbone.errors import InputError, number_of
from backbone.integers import LITERT, ONNX, XNNPACK
from tasks.export.description import installed
from tasks.export.formats import Format
from tasks.export.gate import in_batches
from tasks.export.options import TOLERANCE, Options
from tasks.export.photographs import calibration_photographs, pixels_of_files
from tasks.export.quantised import (
    QuantisedTask,
    in_integers,
    learnt_task,
    quantise,
    trained_quantised,
    weight_bits,
    with_answers_in_float,
)
from tasks.export.scoring import Scorer
from tasks.training.model import Model
from tasks.training.task import Task

NOTATIONS = {"onnx": ONNX, "executorch": XNNPACK, "litert": LITERT}


@dataclass(frozen=True)
class ScoreProof:
    """Writes a quantised task, and scores the file on labelled images.

    Args:
        model: in integers.
        quantised: what its integers stand for.
        scorer: on the labelled images.
        before: the score in float, or of the fake quantisation that a run has learnt.
        allowed: points of the score that may be lost.
        form: of the file.
        batch: images per call that the file is written for; None: any number.
    """

    model: Model
    quantised: QuantisedTask
    scorer: Scorer
    before: float
    allowed: float
    form: Format
    batch: int | None

    @property
    def precision(self) -> dict[str, Any]:
        """Of the file, for model.json."""
        done = self.quantised
        return {
            "weights": f"int{done.bits}, one step for each output channel",
            "activations": "int8, one step for each tensor",
            "layers": len(done.layers),
            "layers_in_float": list(done.in_float),
            "ranges": f"of {done.photographs} photographs" if done.photographs else "trained",
        }

    def check(self, path: Path) -> dict[str, Any]:
        """What parity.json says of a file."""
        names = list(self.model.task.deploy(torch.zeros(1, 3, *self.model.size, dtype=torch.uint8)))
        file = self.form.open(path, names)
        run = file.run
        if self.batch is not None:
            run = partial(in_batches, file.run, count=self.batch)
        after = self.scorer(run)
        lost = self.scorer.lost(self.before, after)
        return {
            "passed": bool(lost <= self.allowed),
            "format": self.form.name,
            "runtime": f"{self.form.runtime} {installed(self.form.runtime)}",
            "machine": f"{platform.system()} {platform.machine()}",
            "precision": self.precision,
            "score": {
                "name": self.scorer.name,
                "images": self.scorer.images,
                "before": self.before,
                "simulated": self.quantised.score,
                "after": after,
                "lost": lost,
                "allowed": self.allowed,
            },
            "errors": self.quantised.errors,
        }

    def told(self, report: Mapping[str, Any]) -> str:
        """That in a few lines."""
        score, done = report["score"], self.quantised
        in_float = ", ".join(done.in_float) or "none"
        return "\n".join(
            [
                f"{len(done.layers) - len(done.in_float)} of {len(done.layers)} layers in "
                f"{done.bits}-bit integers; in float: {in_float}",
                f"{score['name']} on {number_of(score['images'], 'labelled image')}: "
                f"{_shown(score['before'])} before, {_shown(score['simulated'])} simulated, "
                f"{_shown(score['after'])} by {report['runtime']}: {max(score['lost'], 0):.2f} "
                f"points lost (allowed {score['allowed']:g}): "
                f"{'ok' if report['passed'] else 'FAILED'}",
            ]
        )


def score_proof(options: Options, model: Model) -> ScoreProof:
    """The proof of a file in integers: quantises, unless training has done so, and scores.

    Raises:
        InputError: photographs or labelled data that cannot be used.
    """
    form = options.form
    learnt = trained_quantised(model.task)
    if learnt:
        _refuse_for_learnt(options)
    if not isinstance(model.task, Task):
        raise InputError(
            f"{options.checkpoint}: a joint network has one score per part, and int8= needs a "
            "single one: export it in float, or its parts' own checkpoints with int8="
        )
    pixels = None  # training has found the ranges
    if not learnt:
        assert options.int8 is not None
        pixels = pixels_of_files(model, calibration_photographs(options.int8))
    scorer = Scorer.of_run(model, options.root)
    before = scorer.of(model.task)
    if not math.isfinite(before):
        raise InputError(
            f"{options.checkpoint}: {scorer.name} is undefined on its {scorer.images} validation "
            "images, which lack labels: a file of integers is scored on labelled images"
        )
    allowed = TOLERANCE if options.tolerance is None else options.tolerance
    if pixels is None:
        quantised = learnt_task(model, before)
    else:
        quantised = quantise(
            model,
            pixels,
            weight_bits(options.reduce_range),
            scorer.of,
            lambda score: scorer.lost(before, score) <= allowed,
        )
    notation = NOTATIONS[form.name]
    if notation.signed:
        quantised = with_answers_in_float(quantised)
    written = in_integers(model, quantised, notation)
    return ScoreProof(written, quantised, scorer, before, allowed, form, options.batch)


def _refuse_for_learnt(options: Options) -> None:
    """Refuse options that a checkpoint of quantize=qat has no use for."""
    if options.int8 is not None or options.reduce_range is not None:
        raise InputError(
            f"{options.checkpoint} was trained with quantize=qat and has its own ranges and bits: "
            "leave out int8= and reduce_range="
        )
    if options.photos is not None:
        raise InputError(
            f"{options.checkpoint} was trained with quantize=qat, and its file is scored on "
            "labelled images: leave out photos="
        )


def _shown(score: float | None) -> str:
    return "not" if score is None else f"{score:.4f}"
