"""Dotted keys: the node that each lies in, its value, and the option whose value it repeats."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from tasks.cli.schema.choosing import REPEATING, WIRING, Part, options_of, parts

MISSING = object()


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


def nearest_part(key: str, described: Sequence[Part]) -> Part:
    """The innermost described node that a key lies in."""
    inside = [p for p in described if not p.key or key == p.key or key.startswith(f"{p.key}.")]
    # a node's own key is an option of the node around it
    return max((p for p in inside if p.key != key), key=lambda p: len(p.key))


def known_keys(config: Mapping[str, Any]) -> list[str]:
    """Every dotted key that a configuration has or its models allow."""

    def walk(node: object, prefix: str) -> Iterator[str]:
        if isinstance(node, Mapping):
            for name in options_of(node):
                yield prefix + name
                yield from walk(node[name], f"{prefix}{name}.")

    repeating = tuple(f"{node}." for node in REPEATING)
    keys = [key for key in walk(config, "") if not key.startswith(repeating)]
    for part in parts(config):
        prefix = f"{part.key}." if part.key else ""
        keys += [prefix + name for name in part.model.model_fields]
    return list(dict.fromkeys(keys))


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
