"""Compare speed with another library's: python -m tasks.bench task=ssd_coco [task.bench.rounds=5].

The task's configuration names its benchmark; ratios are printed and written as JSON.

    python -m tasks.bench CHECKPOINT... [runtimes=torch,onnx,openvino,executorch,litert] [rounds=10]
        [score=false] [data.root=FOLDER] [output=DIR] [--trust MODULE]

compares the runtimes of a checkpoint's exported files: size, latency and score.
"""

import json
import sys
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig

from backbone.errors import InputError
from backbone.files import require_writable
from tasks.benchmarks.runtime_options import names_checkpoints, parse_runtime_options
from tasks.cli.arguments import mistakes_exit
from tasks.cli.command import run_command
from tasks.runs.directory import short_name, write_whole


def bench(config: DictConfig) -> None:
    """Run `config.task.bench`, print its table, and write it below the folder of runs."""
    if config.task.get("bench") is None:
        raise InputError(f"task={config.task.name} has no benchmark")
    path = Path(config.paths.runs) / "bench" / config.task.name / f"{short_name(config)}.json"
    require_writable(path)
    result = instantiate(config.task.bench)(config)
    print(result["table"])
    write_whole(path, json.dumps(result | {"table": result["table"].splitlines()}, indent=2) + "\n")
    print(f"written: {path}")


def main() -> None:
    """The command line; the exit code is 2 for anything that the user can correct."""
    arguments = sys.argv[1:]
    if {"--help", "-h"} & {*arguments}:
        print(__doc__)
        if names_checkpoints(arguments):
            return
    if not names_checkpoints(arguments):
        run_command(bench)
        return
    with mistakes_exit():
        options = parse_runtime_options(arguments)
        # torch is imported here, after everything that is quick
        from tasks.benchmarks.runtimes import bench_runtimes

        bench_runtimes(options)


if __name__ == "__main__":
    main()
