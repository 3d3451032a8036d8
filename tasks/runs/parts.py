"""The parts of a joint task in its configuration, its checkpoint and its scores, as plain values.

A configuration with `parts` describes several tasks on one trunk. Each part is a configuration too:
it has its own task, data and size, and shares everything else.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf

T = TypeVar("T")
PARTS = "parts"  # the key in a configuration, and in the details of labels
OWN = ("size", "task", "data", "preprocess", "augment", "distill")  # what each part has for itself
TRUNK = "head.trunk."
STATISTICS = "own_statistics."  # of each part, in the head of a joint task that has them


def parts_of(config: DictConfig) -> dict[str, DictConfig]:
    """The parts of a configuration as complete configurations, by name; without parts, itself."""
    if PARTS not in config:
        return {"": config}
    plain: dict[str, Any] = OmegaConf.to_container(config)  # type: ignore[assignment]
    made = {}
    for name, part in plain[PARTS].items():
        made[name] = OmegaConf.create(with_shared(plain, part))
        OmegaConf.set_readonly(made[name], True)
    return made


def with_shared(config: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """A part's configuration together with the options that all parts share."""
    shared = {key: value for key, value in config.items() if key not in (PARTS, *OWN)}
    return shared | {key: value for key, value in part.items() if key in OWN}


def prefixed(name: str, values: Mapping[str, T]) -> dict[str, T]:
    """A part's values under its name: `ssd_coco/AP`."""
    return {f"{name}/{key}": value for key, value in values.items()}


def of_part(name: str, values: Mapping[str, T]) -> dict[str, T]:
    """A part's values under their own names: the reverse of `prefixed`."""
    prefix = f"{name}/"
    return {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}


def with_statistics_of_parts(wanted: Iterable[str], state: Mapping[str, T]) -> dict[str, T]:
    """The state of a joint network with the statistics of each part that another network wants.

    A network with shared statistics gives them to every part.

    Args:
        wanted: the names of that network's tensors.
    """
    made = dict(state)
    for key in wanted:
        if key.startswith(STATISTICS):
            shared = f"trunk.{key.split('.', 2)[2].replace('__', '.')}"
            if shared in state:
                made.setdefault(key, state[shared])
    return made


def joint_state(name: str, state: Mapping[str, T]) -> dict[str, T]:
    """A task's state dict as it is within a joint task's; the trunk's tensors are unchanged."""
    made = {}
    for key, value in state.items():
        if key.startswith(TRUNK):
            made[key] = value
        elif key.startswith("head."):
            made[f"head.heads.{name}.{key.removeprefix('head.')}"] = value
        else:
            made[f"parts.{name}.{key}"] = value
    return made


def state_of_part(name: str, state: Mapping[str, T]) -> dict[str, T]:
    """The reverse of `joint_state`: the tensors of a part, and those of the trunk."""
    own = {TRUNK: TRUNK, f"head.heads.{name}.": "head.", f"parts.{name}.": ""}
    made = {
        inner + key.removeprefix(outer): value
        for outer, inner in own.items()
        for key, value in state.items()
        if key.startswith(outer)
    }
    statistics = f"head.{STATISTICS}{name}."  # if the trunk has one set per part
    for key, value in state.items():
        if key.startswith(statistics):
            made[TRUNK + key.removeprefix(statistics).replace("__", ".")] = value
    return made
