"""Compare exported files: size, latency, and score, of one checkpoint or of several.

    python -m tasks.bench CHECKPOINT... [runtimes=torch,onnx,...] [rounds=10] [score=false]
        [data.root=FOLDER] [output=DIR] [--trust MODULE]

The files that python -m tasks.export has written beside the checkpoint are timed, and PyTorch
itself. With several checkpoints, such as those of other widths and resolutions, a figure shows
accuracy against latency.
"""

import json
import math
import os
import platform
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from backbone.errors import number_of
from backbone.files import folder_for_results, require_writable
from tasks.benchmarks.contenders import RUNNERS, Contender, contenders
from tasks.benchmarks.runtime_options import RuntimeOptions
from tasks.benchmarks.runtime_table import draw_figure, runtime_table
from tasks.benchmarks.timing import keeping_threads
from tasks.export.description import installed
from tasks.export.gate import in_batches
from tasks.export.scoring import Scorer
from tasks.runs.directory import write_whole
from tasks.runs.processes import usable_cores
from tasks.training.model import Model

BATCHES = (1, 16)  # images per call
WARMUP = 2  # untimed calls before each timed one, since another contender ran before them
TABLE = "runtimes.json"
UNSCORED = ", or leave scores out with score=false"


def bench_runtimes(options: RuntimeOptions) -> None:
    """Print and write the table, and draw the figure if several checkpoints are scored.

    Raises:
        InputError: a checkpoint or an exported file cannot be used, a runtime that was asked for
            has no file, or the folder cannot be written.
    """
    with folder_for_results(options.output):
        require_writable(options.output / TABLE)
        _bench_runtimes(options)


def _bench_runtimes(options: RuntimeOptions) -> None:
    rows = []
    for path in options.checkpoints:
        model = Model.load(path, options.trust)
        found = contenders(model, options.runtimes)
        with keeping_threads():
            rows += runtime_rows(model, found, options)
    about = (
        f"{platform.machine()}, {number_of(usable_cores(), 'core')}, load "
        f"{os.getloadavg()[0]:.1f}, median of {number_of(options.rounds, 'round')} in which the "
        "contenders take turns"
    )
    print(text := runtime_table(about, rows))
    folder = options.output
    result = {"about": about, "rows": rows, "table": text.splitlines()}
    write_whole(folder / TABLE, json.dumps(result, indent=2, allow_nan=False) + "\n")
    print(f"written: {folder / TABLE}")
    if len(options.checkpoints) > 1 and any(row["score"] is not None for row in rows):
        draw_figure(rows, folder / "accuracy_latency.png")
        print(f"drawn: {folder / 'accuracy_latency.png'}")


def runtime_rows(
    model: Model, found: Sequence[Contender], options: RuntimeOptions
) -> list[dict[str, Any]]:
    """The table's rows of one checkpoint, as plain values."""
    # before anything is timed: its data may be missing
    scorer = Scorer.of_run(model, options.root, UNSCORED) if options.score else None
    times = latencies(model, found, options.rounds)
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
    for threads in dict.fromkeys((1, usable_cores())):
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


def score_of(scorer: Scorer, model: Model, contender: Contender) -> float | None:
    """A contender's score on the split that the run reported; None if it is undefined there."""
    run, count = contender.open(model, None).run, contender.batch
    score = scorer(run if count is None else lambda pixels: in_batches(run, pixels, count))
    return score if math.isfinite(score) else None


def _bytes(model: Model, contender: Contender) -> int:
    if contender.path is not None:
        return contender.path.stat().st_size
    return sum(t.numel() * t.element_size() for t in model.task.head.state_dict().values())


def _package(name: str) -> str:
    return RUNNERS[name].runtime
