"""What a run that continues another one goes on from, and which options may change then."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError, listed_briefly
from tasks.runs.directory import RunDirectory, write_whole
from tasks.runs.names import without_paths
from tasks.runs.options import changed_options, option_texts, recorded_options, with_options
from tasks.runs.parts import PARTS
from tasks.runs.plain_files import json_in

FILE = "lineage.json"
EPOCHS = re.compile(r"^  max_epochs: (\d+)$", re.MULTILINE)  # in a run's config.yaml
OF_A_PART = re.compile(rf"^{PARTS}\.\w+\.")

MAY_CHANGE = {
    "trainer.max_epochs": "more epochs; the rest of the schedule is planned anew",
    "trainer.max_steps": "another end; the rest of the schedule is planned anew",
    "task.sample.epochs": "more epochs, with mode=sample",
    "task.overfit.epochs": "more epochs, with mode=overfit",
    "early_stop.patience": "another patience; the count continues",
    "trainer.devices": "only after a whole epoch; the learning rate follows the batch",
    "trainer.num_nodes": "only after a whole epoch; the learning rate follows the batch",
    "trainer.accelerator": "another kind of device",
    "trainer.strategy": "how several devices work together",
    "trainer.precision": "another precision",
    "trainer.deterministic": "slower or faster algorithms",
    "trainer.benchmark": "slower or faster algorithms",
    "trainer.detect_anomaly": "to find a fault",
    "trainer.inference_mode": "how scores are computed",
    "trainer.log_every_n_steps": "how often losses are logged",
    "trainer.check_val_every_n_epoch": "how often validation runs",
    "trainer.val_check_interval": "how often validation runs",
    "trainer.limit_val_batches": "how many images are validated",
    "trainer.limit_test_batches": "how many images are scored",
    "data.decode": "where images are decoded",
    "data.module.decode": "where images are decoded",
    "compile": "compiled or not",
    "logger": "other loggers",
    "resume": "the checkpoint that it continues from",
}
"""An option, or a node of options -> what may change when a run is continued."""

MAY_NOT = {
    "data": "these are other images",
    "data.batch_size": "the steps of an epoch would change",
    "data.module.batch_size": "the steps of an epoch would change",
    "size": "this is another network",
    "backbone": "this is another network",
    "task": "this is another network or another objective",
    "optimizer": "the state of the optimizer belongs to these options",
    "seed": "the order of the images would change",
    "distill": "this is another objective",
    "quantize": "this is another network",
    "preprocess": "the images would be changed in another way",
    "augment": "the images would be changed in another way",
}
"""An option, or a node of options -> why it must not change, nor may options in neither table."""


@dataclass(frozen=True)
class Lineage:
    """Where a run's training began.

    Args:
        source: the checkpoint that it continued from.
        step: optimizer steps that had been made there.
        epochs: whole epochs that had been made there; None within an epoch.
        changed: `key: there -> here` for each option that differs.
        earlier: the lineage of that checkpoint's own run; None if it began from nothing.
    """

    source: str
    step: int
    epochs: int | None
    changed: list[str]
    earlier: dict[str, Any] | None = None

    def planned(self, step: int, steps_per_epoch: int) -> int:
        """The step of this run, converted to a run with `steps_per_epoch` from its start.

        The two differ if the steps per epoch have changed, as with another number of devices.
        """
        if self.epochs is None:
            return step
        return step - self.step + self.epochs * steps_per_epoch


def within(key: str, table: Mapping[str, str]) -> str | None:
    """A table's entry for an option, or for the node that it is in; None if there is none."""
    while key:
        if key in table:
            return table[key]
        key = key.rpartition(".")[0]
    return None


def refused_change(key: str) -> str | None:
    """Why an option, or one of a part, may not change when a run is continued; None if it may."""
    key = OF_A_PART.sub("", key)
    if within(key, MAY_CHANGE) is not None:
        return None
    return within(key, MAY_NOT) or "it changes what is trained"


def read_lineage(folder: Path) -> Lineage | None:
    """The lineage of a run directory; None for a run that began from nothing.

    Raises:
        InputError: lineage.json is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return Lineage(**json_in(path))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{path} is damaged ({' '.join(str(error).split())[:200]}), and the run cannot "
            "continue without it: start over with fresh=true"
        ) from error


def write_lineage(folder: Path, lineage: Lineage) -> None:
    """Write lineage.json."""
    write_whole(folder / FILE, json.dumps(asdict(lineage), indent=2) + "\n")


def finished_before(config: DictConfig) -> Path | None:
    """The directory of the finished run of the same configuration with fewer epochs, if any.

    If there are several, it is the one with the most epochs.
    """
    most, found = 0, None
    for path in RunDirectory(config).path.parent.glob("*/result.json"):
        try:
            text = (path.parent / "config.yaml").read_text()
        except (OSError, ValueError):
            continue
        # a text search, since parsing the files of hundreds of runs would take seconds
        for epochs in map(int, EPOCHS.findall(text)):
            if not most < epochs < config.trainer.max_epochs:
                continue
            # by name: config.yaml may hold more than the command, such as a batch size that was
            # found
            shorter = RunDirectory(with_options(config, {"trainer.max_epochs": epochs}))
            same = shorter.path.name == path.parent.name
            if same and (path.parent / "last.ckpt").is_file():
                most, found = epochs, path.parent
    return found


def finished_otherwise(config: DictConfig, epochs: int) -> Path | None:
    """The directory of the finished run of so many epochs that differs least, if there is one.

    It differs only in options that may change when it is continued.

    Raises:
        InputError: several runs differ as little.
    """
    own = option_texts(without_paths(OmegaConf.to_container(config)))
    found: dict[int, list[Path]] = {}
    for folder, options in _finished(RunDirectory(config).path.parent):
        changed = [key for key in changed_options(options, own) if key != "trainer.max_epochs"]
        long = options.get("trainer.max_epochs") == str(epochs)
        if long and not any(map(refused_change, changed)):
            found.setdefault(len(changed), []).append(folder)
    nearest = found[min(found)] if found else []
    if len(nearest) > 1:
        raise InputError(
            f"several finished runs can be extended: {listed_briefly(nearest)}. Name the last.ckpt "
            f"of one with resume=PATH trainer.max_epochs={config.trainer.max_epochs}"
        )
    return nearest[0] if nearest else None


def _finished(folder: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """The directories of finished runs in a folder that can be continued, and their options."""
    for path in sorted(folder.glob("*/result.json")):
        options = recorded_options(path.parent)
        if options is not None and (path.parent / "last.ckpt").is_file():
            yield path.parent, options
