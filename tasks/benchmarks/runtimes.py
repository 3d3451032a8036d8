"""Compare exported files: size, latency, and score, of one checkpoint or of several.

    python -m tasks.bench CHECKPOINT... [runtimes=torch,onnx,...] [rounds=10] [output=DIR]

The files that python -m tasks.export has written beside the checkpoint are timed, and PyTorch
itself. With several checkpoints, such as those of other widths and resolutions, a figure shows
accuracy against latency.
"""

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from backbone.errors import InputError, number_of
from tasks.benchmarks.runtime_options import TORCH, RuntimeOptions
from tasks.benchmarks.runtime_table import draw_figure, runtime_table
from tasks.benchmarks.timing import keeping_threads
from tasks.export.description import installed
from tasks.export.exporting import DESCRIPTION
from tasks.export.formats import FORMATS, READERS, ExportedFile
from tasks.export.gate import in_batches
from tasks.export.scoring import Scorer
from tasks.runs.directory import write_whole
from tasks.training.model import Model

BATCHES = (1, 16)  # images per call
WARMUP = 2  # untimed calls before each timed one, since another contender ran before them
UNEXPORTED = "python -m tasks.export {checkpoint} format={name} writes it"


@dataclass(frozen=True)
class Contender:
    """PyTorch, or a file in a runtime.

    Args:
        name: of the runtime.
        precision: of its weights, as in model.json.
        path: of the file; None for PyTorch.
        batch: images per call; None: any number.
    """

    name: str
    precision: str
    path: Path | None = None
    batch: int | None = None

    def open(self, model: Model, threads: int | None) -> ExportedFile:
        """Make it ready to run with so many threads; None: one per core."""
        if self.path is None:
            return Eager(model, threads)
        names = list(json.loads((self.path.parent / DESCRIPTION).read_text())["outputs"])
        return (FORMATS | READERS)[self.name].open(self.path, names, threads)


class Eager:
    """PyTorch, run as an exported file is.

    Args:
        threads: number of threads to compute with; None: one per core.
    """

    def __init__(self, model: Model, threads: int | None):
        self.model, self.threads = model, threads or os.cpu_count() or 1

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs by name for contiguous pixels uint8[B, h, w, 3]."""
        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        with torch.inference_mode():
            outputs = self.model.task.deploy(torch.from_numpy(images).permute(0, 3, 1, 2))
        return {name: value.numpy() for name, value in outputs.items()}


def bench_runtimes(options: RuntimeOptions, trust: Sequence[str] = ()) -> None:
    """Print and write the table, and draw the figure if several checkpoints are scored.

    Raises:
        InputError: a checkpoint cannot be used, or a runtime that was asked for has no file.
    """
    rows = []
    for path in options.checkpoints:
        model = Model.load(path, trust)
        found = contenders(model, options.runtimes)
        with keeping_threads():
            rows += runtime_rows(model, found, options)
    about = (
        f"{platform.machine()}, {number_of(os.cpu_count() or 1, 'core')}, load "
        f"{os.getloadavg()[0]:.1f}, median of {number_of(options.rounds, 'round')} in which the "
        "contenders take turns"
    )
    print(text := runtime_table(about, rows))
    folder = options.output
    result = {"about": about, "rows": rows, "table": text.splitlines()}
    write_whole(folder / "runtimes.json", json.dumps(result, indent=2) + "\n")
    print(f"written: {folder / 'runtimes.json'}")
    if len(options.checkpoints) > 1 and options.score:
        draw_figure(rows, folder / "accuracy_latency.png")
        print(f"drawn: {folder / 'accuracy_latency.png'}")


def contenders(model: Model, runtimes: Sequence[str] | None) -> list[Contender]:
    """PyTorch, and the files that were exported beside a model's checkpoint.

    Args:
        runtimes: the ones that are wanted; None: all whose files and packages are there.

    Raises:
        InputError: a wanted runtime has no file, or is not installed.
    """
    checkpoint = model.checkpoint.path
    found = [Contender(TORCH, "float32")]
    for place in sorted(checkpoint.parent.glob(f"*/{DESCRIPTION}")):
        described = json.loads(place.read_text())
        path = place.parent / described["file"]
        shape = described["input"]["shape"][0]
        weights = str(described.get("precision", {}).get("weights", "float32"))
        precision = weights.partition(",")[0]  # the rest says how they are scaled
        for name, form in (FORMATS | READERS).items():
            if path.is_file() and form.suffix == path.suffix:
                batch = shape if isinstance(shape, int) else None
                found.append(Contender(name, precision, path, batch))
    if runtimes is not None:
        for name in runtimes:
            if name not in {contender.name for contender in found}:
                advice = UNEXPORTED.format(
                    checkpoint=checkpoint, name="onnx" if name in READERS else name
                )
                raise InputError(f"runtimes={name}: there is no file beside {checkpoint}: {advice}")
            if name != TORCH:
                (FORMATS | READERS)[name].require()
        return [contender for contender in found if contender.name in runtimes]
    return [c for c in found if c.path is None or _is_installed(c.name)]


def _is_installed(name: str) -> bool:
    try:
        (FORMATS | READERS)[name].require()
    except InputError as error:
        print(f"left out: {error}")
        return False
    return True


def runtime_rows(
    model: Model, found: Sequence[Contender], options: RuntimeOptions
) -> list[dict[str, Any]]:
    """The table's rows of one checkpoint, as plain values."""
    times = latencies(model, found, options.rounds)
    scorer = None
    if options.score:
        scorer = Scorer.of_run(model)
    config = model.checkpoint.config
    rows = []
    for i, contender in enumerate(found):
        package = "torch" if contender.path is None else _package(contender.name)
        rows.append(
            {
                "checkpoint": str(model.checkpoint.path),
                "task": model.checkpoint.task_name,
                "alpha": config["backbone"].get("alpha"),
                "size": list(model.size),
                "runtime": contender.name,
                "version": installed(package),
                "precision": contender.precision,
                "megabytes": round(_bytes(model, contender) / 1e6, 2),
                "milliseconds": times[i],
                "score": None if scorer is None else score_of(scorer, model, contender),
                "metric": model.task.monitor,
                "images": None if scorer is None else scorer.images,
            }
        )
    return rows


def latencies(
    model: Model, found: Sequence[Contender], rounds: int
) -> list[dict[str, float | None]]:
    """Milliseconds per call of each contender: "BATCH x CORES" -> median; None if it cannot run so.

    In a round the contenders take turns, so that a machine whose speed drifts affects all alike.
    """
    times: list[dict[str, float | None]] = [{} for _ in found]
    generator = np.random.default_rng(0)
    cores = os.cpu_count() or 1
    for threads in dict.fromkeys((1, cores)):
        files = [contender.open(model, threads) for contender in found]
        for batch in BATCHES:
            pixels = generator.integers(0, 256, (batch, *model.size, 3), np.uint8)
            taken: list[list[float]] = [[] for _ in found]
            for _ in range(rounds):
                for contender, file, spent in zip(found, files, taken, strict=True):
                    if contender.batch not in (None, batch):
                        continue
                    for _ in range(WARMUP):
                        file.run(pixels)
                    started = time.perf_counter()
                    file.run(pixels)
                    spent.append(1000 * (time.perf_counter() - started))
            for place, spent in zip(times, taken, strict=True):
                place[f"{batch} x {threads}"] = median(spent) if spent else None
    return times


def score_of(scorer: Scorer, model: Model, contender: Contender) -> float:
    """A contender's score on the split that the run reported."""
    file = contender.open(model, None)
    if contender.batch is None:
        return scorer(file.run)
    count = contender.batch
    return scorer(lambda pixels: in_batches(file.run, pixels, count))


def _bytes(model: Model, contender: Contender) -> int:
    if contender.path is not None:
        return contender.path.stat().st_size
    return sum(t.numel() * t.element_size() for t in model.task.head.state_dict().values())


def _package(name: str) -> str:
    return (FORMATS | READERS)[name].runtime
