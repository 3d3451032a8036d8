"""Whether memory stays flat while a network trains from shards.

    python -m tests.tasks.geolocation.stream_memory [--shards 50] [--photographs 200] [--workers 2]

Writes shards of noise pictures into a temporary folder (some 50 kB each), trains `task=planet` on
them for an epoch, and prints the resident memory of this process and its loader processes after
each tenth of the epoch: all (Rss), and what is not of a file, libraries above all (Anonymous).
Linux only.
"""

import argparse
import io
import json
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightning.pytorch as pl
import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from PIL import Image

from tasks.cli.configuration import compose_config
from tasks.runs.directory import RunDirectory
from tasks.training.build import build_task
from tasks.training.memory import keep_freed_memory
from tasks.training.progress import Throughput
from tasks.training.trainer import build_trainer, silence_lightning

SIDE = 240  # pixels of a picture of noise of some 50 kB
TENTHS = 10


def write_shards(folder: Path, shards: int, photographs: int) -> None:
    """Shards of noise pictures all over the world, and a list of ten for validation."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir()
    lines = ["file,latitude,longitude"]
    for shard in range(shards):
        with tarfile.open(folder / f"train-{shard:03d}.tar", "w") as archive:
            for i in range(photographs):
                file = io.BytesIO()
                noise = rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
                Image.fromarray(noise).save(file, "JPEG", quality=80)
                place = {"latitude": rng.uniform(-60, 70), "longitude": rng.uniform(-180, 180)}
                for name, content in (("jpg", file.getvalue()), ("json", json.dumps(place))):
                    content = content.encode() if isinstance(content, str) else content
                    info = tarfile.TarInfo(f"{i:06d}.{name}")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
        if shard < TENTHS:
            (folder / f"images/{shard}.jpg").write_bytes(file.getvalue())
            lines.append(f"{shard}.jpg,{place['latitude']},{place['longitude']}")
    (folder / "val.csv").write_text("\n".join(lines) + "\n")


def memory_mib() -> dict[str, float]:
    """Of this process and its children: `Rss`, and `Anonymous`, the part that is of no file."""
    processes = ["self"]
    for task in Path("/proc/self/task").iterdir():
        processes += (task / "children").read_text().split()
    totals = {"Rss": 0.0, "Anonymous": 0.0}
    for process in processes:
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
        for line in lines:
            name, value, *_ = line.split()
            if name.rstrip(":") in totals:
                totals[name.rstrip(":")] += int(value) / 1024
    return totals


class Memory(pl.Callback):
    """Notes the memory after each tenth of the epoch."""

    def __init__(self):
        self.noted: list[dict[str, float]] = []

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Note it if a tenth is over."""
        done = TENTHS * (batch_idx + 1) // trainer.num_training_batches
        if done > len(self.noted):
            self.noted.append(memory_mib())
            figures = ", ".join(f"{name} {x:.1f} MiB" for name, x in self.noted[-1].items())
            print(f"{done / TENTHS:5.0%} of the shards: {figures}")


def configuration(folder: Path, shards: int, workers: int) -> DictConfig:
    """A small network on the shards of a folder."""
    options = [
        *("task=planet", "data=place_shards", "backbone.alpha=0.25", "size=96"),
        *(f"data.root={folder}", f"data.workers={workers}", "data.batch_size=32"),
        f'data.train="train-{{000..{shards - 1:03d}}}.tar"',
        *("trainer.max_epochs=1", "trainer.enable_progress_bar=false"),
        *(f"paths.runs={folder}/runs", f"paths.cache={folder}/cache"),
    ]
    return OmegaConf.create(OmegaConf.to_container(compose_config(options), resolve=True))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.tasks.geolocation.stream_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--shards", type=int, default=50)
    parser.add_argument("--photographs", type=int, default=200, help="in each shard")
    parser.add_argument("--workers", type=int, default=2, help="loader processes")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        write_shards(Path(folder), given.shards, given.photographs)
        config = configuration(Path(folder), given.shards, given.workers)
        silence_lightning()
        keep_freed_memory()
        data = instantiate(config.data.module)
        data.setup("fit")
        task, _ = build_task(config, data.labels)
        directory, memory = RunDirectory(config), Memory()
        directory.path.mkdir(parents=True)
        trainer = build_trainer(config, directory, task, Throughput(), step=0)
        trainer.callbacks.append(memory)
        trainer.fit(task, data)
    for name, first in memory.noted[0].items():
        most = max(noted[name] for noted in memory.noted)
        print(
            f"{name}: {memory.noted[-1][name] / first - 1:+.1%} from the first tenth to the last, "
            f"at most {most / first - 1:+.1%}"
        )


if __name__ == "__main__":
    main()
