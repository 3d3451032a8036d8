"""The options in which two runs differ, and a run with other options."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from tasks.runs.directory import influential
from tasks.runs.names import NAME, without_paths
from tasks.runs.plain_files import yaml_in


def option_texts(config: Mapping[str, Any]) -> dict[str, str]:
    """The dotted keys and the values, in JSON, of all options that influence a run.

    Args:
        config: in plain values, as returned by `described` or `without_paths`.
    """
    found = {}
    rest: list[tuple[str, Any]] = [("", influential(config))]
    while rest:
        place, value = rest.pop()
        if isinstance(value, dict) and value:
            rest += [(f"{place}.{key}" if place else key, inner) for key, inner in value.items()]
        elif place.rpartition(".")[2] == NAME:  # without its module, which may move
            found[place] = str(value).rpartition(".")[2]
        else:
            found[place] = json.dumps(value, sort_keys=True)
    return found


def with_options(config: DictConfig, values: Mapping[str, Any]) -> DictConfig:
    """A copy of a configuration with other values, by dotted key."""
    made = config.copy()
    OmegaConf.set_readonly(made, False)
    for key, value in values.items():
        OmegaConf.update(made, key, value, force_add=True)
    OmegaConf.set_readonly(made, True)
    return made


def recorded_options(folder: Path) -> dict[str, str] | None:
    """`option_texts` of a run directory's config.yaml; None if it is absent or damaged."""
    try:
        return option_texts(without_paths(yaml_in(folder / "config.yaml")))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def varying(configs: Sequence[Mapping[str, str]]) -> list[str]:
    """The keys of `option_texts` in which configurations differ.

    Keys that only repeat another one, as data.module.batch_size repeats data.batch_size, are left
    out: of keys with the same last name and the same values, the shortest is kept.
    """
    keys = sorted({key for config in configs for key in config}, key=lambda k: (k.count("."), k))
    found: dict[tuple[Any, ...], str] = {}
    for key in keys:
        values = tuple(config.get(key) for config in configs)
        if len(set(values)) > 1:
            found.setdefault((key.rpartition(".")[2], *values), key)
    return list(found.values())


def changed_options(
    there: Mapping[str, str], here: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """key -> (value there, value here) for options that differ; "nothing" if one side lacks it."""
    return {
        key: (there.get(key, "nothing"), here.get(key, "nothing"))
        for key in sorted(there.keys() | here.keys())
        if there.get(key) != here.get(key)
    }
