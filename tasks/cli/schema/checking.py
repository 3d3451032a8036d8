"""Check a composed configuration against the schema, with one line for each wrong value.

Nothing here imports torch.
"""

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from pydantic import ValidationError

from backbone.errors import listed_briefly
from tasks.cli.overrides import choices_with
from tasks.cli.schema.choosing import (
    WIRING,
    Part,
    options_of,
    parts,
    target,
)
from tasks.cli.schema.node import CONTROLS, Described, allowed
from tasks.cli.schema.relations import relations
from tasks.cli.schema.run import PreprocessOptions
from tasks.cli.schema.trainer import ELSEWHERE, MOVED, REFUSED

MISSING = object()
AS_IT_IS = "this key says how an object is built, and cannot be set"
# the optimizers of torch.optim, listed here so that torch need not be imported
TORCH_OPTIMIZERS = [
    "ASGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "LBFGS",
    "Muon",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SGD",
    "SparseAdam",
]


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
        room, _, name = target(part.values).rpartition(".")
        if room == "torch.optim" and name not in TORCH_OPTIMIZERS:
            yield (
                f"{part.key}._target_",
                refusal(
                    f"{part.key}._target_",
                    target(part.values),
                    f"an optimizer of torch: {', '.join(TORCH_OPTIMIZERS)}",
                ),
            )


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
    if reason := refused(key):
        yield f"{written(key, value)}: {reason}"
        return
    wired = taken_from(key, baseline)
    if wired:
        yield f"{written(key, value)}: this always equals {wired}; set {wired} instead"
        return
    name = key.rpartition(".")[2]
    if name in CONTROLS and name != "_target_":
        yield f"{written(key, value)}: {AS_IT_IS}"
        return
    part = nearest_part(key, described)
    inner = key[len(part.key) :].lstrip(".").partition(".")[0]
    if inner in part.model.model_fields or name == "_target_" or value is MISSING:
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


def refused(key: str) -> str:
    """Why an option of Lightning or of other suites is not taken; empty if it is."""
    for name, reason in REFUSED.items():
        if key == name or key.startswith(f"{name}."):
            return f"not taken here: {reason}"
    return ""


def nearest_part(key: str, described: Sequence[Part]) -> Part:
    """The innermost described node that a key lies in."""
    inside = [p for p in described if not p.key or key == p.key or key.startswith(f"{p.key}.")]
    # a node's own key is an option of the node around it
    return max((p for p in inside if p.key != key), key=lambda p: len(p.key))


def taken_from(key: str, baseline: DictConfig) -> str:
    """The option whose value a key of a wiring node repeats; empty if it has its own."""
    source = key
    while source.startswith(tuple(f"{node}." for node in WIRING)):
        further = repeated(source, baseline)
        if not further:
            break
        source = further
    return "" if source == key else source


def repeated(key: str, baseline: DictConfig) -> str:
    """The option whose value a key takes by interpolation; empty if it has its own."""
    node: Any = baseline
    names = key.split(".")
    for depth, name in enumerate(names):
        if not OmegaConf.is_dict(node) or name not in node:
            return ""
        if OmegaConf.is_interpolation(node, name):
            text = str(cast(dict[str, Any], OmegaConf.to_container(node))[name])
            found = re.fullmatch(r"\$\{(?:oc\.\w+:)?([\w.]+)(?:,[^}]*)?\}", text)
            return ".".join([found[1], *names[depth + 1 :]]) if found else ""
        node = None if OmegaConf.is_missing(node, name) else node[name]
    return ""


def known_keys(config: Mapping[str, Any]) -> list[str]:
    """Every dotted key that a configuration has or its models allow."""

    def walk(node: object, prefix: str) -> Iterator[str]:
        if isinstance(node, Mapping):
            for name in options_of(node):
                yield prefix + name
                yield from walk(node[name], f"{prefix}{name}.")

    wiring = tuple(f"{node}." for node in WIRING[:4])
    keys = [key for key in walk(config, "") if not key.startswith(wiring)]
    for part in parts(config):
        prefix = f"{part.key}." if part.key else ""
        keys += [prefix + name for name in part.model.model_fields]
    return list(dict.fromkeys(keys))


def no_such(key: str, baseline: DictConfig) -> str:
    """A message that an option does not exist, with the nearest ones that do."""
    if reason := refused(key):
        return reason
    if key.rpartition(".")[2] in CONTROLS:
        return AS_IT_IS
    if wired := taken_from(key, baseline):
        return f"this always equals {wired}; set {wired} instead"
    known = known_keys(cast(dict[str, Any], OmegaConf.to_container(baseline)))
    if key in MOVED and MOVED[key] in known:
        return f"this option is now called {MOVED[key]}"
    node, _, last = key.rpartition(".")
    if ELSEWHERE.get(last) in known:
        return f"there is no such option. Did you mean {ELSEWHERE[last]}?"
    elsewhere = choices_with(key)
    if elsewhere and not any(name in known for name in elsewhere):
        name, choices = next(iter(elsewhere.items()))
        return f"there is no such option here. {name} exists with {listed_briefly(choices)}"
    same = [name for name in known if name.rpartition(".")[2] == last]
    names = dict.fromkeys([*same[:2], max(known, key=lambda name: likeness(name, node, last))])
    return f"there is no such option. Did you mean {' or '.join(names)}?"


def likeness(name: str, node: str, last: str) -> float:
    """How similar a known option is to a key, given as its node and its last name."""
    own_node, _, own_last = name.rpartition(".")
    near = difflib.SequenceMatcher(None, own_last, last).ratio()
    return near + 0.5 * difflib.SequenceMatcher(None, own_node, node).ratio()


def refusal(key: str, value: object, wanted: str) -> str:
    """A line that refuses a value."""
    if value is MISSING:
        return f"{key} is missing: it must be {wanted}"
    if isinstance(value, bool | int | float) and wanted.startswith(("a path", "a name", "text")):
        wanted += f"; to have {literal(value)} read as text, quote it: '{key}=\"{literal(value)}\"'"
    return f"{written(key, value)}: must be {wanted}"


def written(key: str, value: object) -> str:
    """An option as written on the command line."""
    return key if value is MISSING else f"{key}={literal(value)}"


def literal(value: object) -> str:
    """A value as written on the command line, shortened if it is long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        text = f"[{','.join(map(literal, value))}]"
    elif isinstance(value, Mapping):
        text = "{" + ",".join(f"{name}:{literal(item)}" for name, item in value.items()) + "}"
    else:
        text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def select(config: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key, or MISSING."""
    node: Any = config
    for name in key.split("."):
        if not isinstance(node, Mapping) or name not in node:
            return MISSING
        node = node[name]
    return node


def holds(baseline: DictConfig, key: str) -> bool:
    """Whether a configuration has a key, even if its value is null."""
    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(baseline, parent) if parent else baseline
    return OmegaConf.is_dict(node) and name in node


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
