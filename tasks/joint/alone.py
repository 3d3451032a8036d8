"""The parts of a joint run trained alone: the newest finished run of each, if there is one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tasks.runs.directory import influential
from tasks.runs.names import without_paths
from tasks.runs.parts import PARTS, of_part, parts_of, prefixed
from tasks.runs.plain_files import yaml_in
from tasks.runs.result import read_result

# what a run of a part alone has in common with the part
SAME = ("backbone", "size", "task", "data", "preprocess", "augment", "mode")


def trained_alone(config: DictConfig) -> dict[str, dict[str, Any]]:
    """What the parts of a joint run reported when they were trained alone, by name.

    A run counts that has the part's network, data and mode, whatever its schedule and its teacher.

    Returns:
        name -> the run's `metrics`, `steps` and folder, as `run`; parts without a run are left out.
    """
    found = {}
    for name, part in parts_of(config).items():
        wanted = _compared(part)
        folders = sorted(
            (path.parent for path in Path(config.paths.runs, part.task.name).glob("*/result.json")),
            key=lambda folder: (folder / "result.json").stat().st_mtime,
        )
        for folder in reversed(folders):
            try:
                result = read_result(folder / "result.json")
                same = _compared(OmegaConf.create(yaml_in(folder / "config.yaml"))) == wanted
            except (OSError, ValueError, OmegaConfBaseException, AttributeError):
                continue  # damaged, or of a version that wrote it otherwise
            if same and result is not None:
                found[name] = {
                    "run": str(folder),
                    "steps": result.get("steps"),
                    "metrics": result["metrics"],
                }
                break
    return found


def add_parts(result: dict[str, Any], alone: Mapping[str, Mapping[str, Any]]) -> None:
    """Sort a joint run's result by part, and set what the parts scored alone beside it.

    Args:
        result: of the joint run; each of its `parts` gets its `metrics` and, if it was trained
            alone too, that run as `alone`; and `baselines` a column of those scores.
        alone: from `trained_alone`.
    """
    parts = result.get(PARTS, {})  # only the main process has them
    for name, part in parts.items():
        part["metrics"] = of_part(name, result["metrics"])
        part["alone"] = alone.get(name)
    column: dict[str, float] = {}
    for name, run in alone.items():
        column |= prefixed(name, run["metrics"])
    if column:
        result["baselines"] = {"trained alone": column, **result["baselines"]}


def _compared(config: Any) -> Mapping[str, Any]:
    plain = influential(without_paths(OmegaConf.to_container(config)))
    return {key: plain.get(key) for key in SAME}
