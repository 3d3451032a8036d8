"""Check a composed configuration against the schema, with one line for each wrong value.

Nothing here imports torch.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf
from pydantic import ValidationError

from tasks.cli.schema.choosing import Part, options_of, parts, target
from tasks.cli.schema.keys import MISSING, holds, nearest_part, repeated, select
from tasks.cli.schema.node import Described, allowed
from tasks.cli.schema.optimizer import TORCH_OPTIMIZERS
from tasks.cli.schema.relations import relations
from tasks.cli.schema.run import PreprocessOptions
from tasks.cli.schema.trainer import MOVED
from tasks.cli.schema.wording import literal, no_such, not_settable, refusal, written


def faults(config: Mapping[str, Any], baseline: DictConfig, keys: Sequence[str]) -> list[str]:
    """One line for each wrong key of a configuration; empty if nothing is wrong.

    Args:
        config: resolved, in plain containers.
        baseline: the configuration of the group choices alone, unresolved.
        keys: dotted keys that the command line sets, including added ones.
    """
    described = list(parts(config))
    found = {key: line for key in keys for line in of_a_key(key, config, baseline, described)}
    for part in described:
        for key, line in outside_its_range(part):
            found.setdefault(key, of_a_node(key, config, baseline) or line)
    # an option that repeats a wrong value by interpolation gets no line of its own
    lines = [line for key, line in found.items() if repeated(key, baseline) not in found]
    return lines or list(relations(config))


def of_a_node(key: str, config: Mapping[str, Any], baseline: DictConfig) -> str:
    """A line if a value was set in place of a node with several options; else empty."""
    value, node = select(config, key), OmegaConf.select(baseline, key, throw_on_missing=False)
    if isinstance(value, Mapping) or not OmegaConf.is_dict(node) or not options_of(node):
        return ""
    inner = " or ".join(f"{key}.{name}=" for name in options_of(node)[:3])
    return f"{written(key, value)}: this is a group of options; set one of them, such as {inner}"


def outside_its_range(part: Part) -> Iterator[tuple[str, str]]:
    """The key and a line for each option of a node that its model refuses."""
    key = f"{part.key}." if part.key else ""
    for name, field in wrong_fields(part.model, part.values):
        value = part.values.get(name, MISSING)
        yield f"{key}{name}", refusal(f"{key}{name}", value, allowed(field))
    for name in options_of(part.values):
        # an option under its old name, in the configuration of a task that still has it
        moved = MOVED.get(f"{key}{name}", "").rpartition(".")[2]
        if name not in part.model.model_fields and moved in PreprocessOptions.model_fields:
            for _, field in wrong_fields(PreprocessOptions, {moved: part.values[name]}, [moved]):
                yield f"{key}{name}", refusal(f"{key}{name}", part.values[name], allowed(field))
    if part.key == "optimizer.optimizer":
        package, _, name = target(part.values).rpartition(".")
        if package == "torch.optim" and name not in TORCH_OPTIMIZERS:
            named, wanted = f"{part.key}._target_", ", ".join(TORCH_OPTIMIZERS)
            yield named, refusal(named, target(part.values), f"an optimizer of torch: {wanted}")


def wrong_fields(
    model: type[Described], values: Mapping[str, Any], only: Sequence[str] | None = None
) -> Iterator[tuple[str, Any]]:
    """The name and the field of each value that a model refuses."""
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        names = dict.fromkeys(str(fault["loc"][0]) for fault in error.errors())
        for name in names:
            if only is None or name in only:
                yield name, model.model_fields[name]


def of_a_key(
    key: str, config: Mapping[str, Any], baseline: DictConfig, described: Sequence[Part]
) -> Iterator[str]:
    """A line if a key cannot be set, or if no model knows it and its value is wrong."""
    value = select(config, key)
    if reason := not_settable(key, baseline):
        yield f"{written(key, value)}: {reason}"
        return
    part = nearest_part(key, described)
    inner = key[len(part.key) :].lstrip(".").partition(".")[0]
    if inner in part.model.model_fields or key.endswith("._target_") or value is MISSING:
        return
    default = OmegaConf.select(baseline, key, default=MISSING, throw_on_missing=False)
    if default is MISSING or (default is None and not holds(baseline, key)):
        if not part.open:
            yield f"{written(key, value)}: {no_such(key, baseline)}"
            return
    elif not of_one_type(value, default):
        yield refusal(key, value, f"{type_of(default)}, such as {literal(plain(default))}")
        return
    if not finite(value):
        yield refusal(key, value, "a finite number")


def plain(value: Any) -> Any:
    """A value of a configuration in plain containers."""
    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


def of_one_type(value: object, default: object) -> bool:
    """Whether a value has the type of a default that the schema does not describe."""
    default = plain(default)
    if default is None or value is None:
        return True
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    if isinstance(default, int):
        return isinstance(value, int)
    if isinstance(default, str):
        return isinstance(value, str)
    return isinstance(value, type(default))


def type_of(default: object) -> str:
    """The type of a default in words."""
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return names.get(type(plain(default)), "a list" if OmegaConf.is_list(default) else "a node")


def finite(value: object) -> bool:
    """Whether a value holds no number that is infinite or not a number."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(finite, value))
    if isinstance(value, Mapping):
        return all(map(finite, value.values()))
    return True
