"""Speed compared with a peer's: python -m tasks.bench task=ssd_coco [task.bench.rounds=5].

The task's configuration names its benchmark; ratios are printed and written as JSON.
"""

import json
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig

from backbone.errors import InputError
from backbone.files import require_writable
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


if __name__ == "__main__":
    run_command(bench)
