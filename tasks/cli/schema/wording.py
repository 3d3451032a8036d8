"""Lines that tell a user about single options, and how their values are written."""

import difflib
from collections.abc import Mapping
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from backbone.errors import listed_briefly
from tasks.cli.overrides import choices_with
from tasks.cli.schema.keys import MISSING, known_keys, taken_from
from tasks.cli.schema.node import CONTROLS
from tasks.cli.schema.trainer import ELSEWHERE, MOVED, REFUSED

AS_IT_IS = "this key says how an object is built, and cannot be set"


def refusal(key: str, value: object, wanted: str) -> str:
    """A line that refuses a value."""
    if value is MISSING:
        return f"{key} is missing: it must be {wanted}"
    if isinstance(value, bool | int | float) and wanted.startswith(("a path", "a name", "text")):
        wanted += f"; to have {literal(value)} read as text, quote it: '{key}=\"{literal(value)}\"'"
    return f"{written(key, value)}: must be {wanted}"


def not_settable(key: str, baseline: DictConfig) -> str:
    """Why a command line cannot set a key, whatever the value; empty if it can."""
    for name, reason in REFUSED.items():
        if key == name or key.startswith(f"{name}."):
            return f"not taken here: {reason}"
    if wired := taken_from(key, baseline):
        return f"this always equals {wired}; set {wired} instead"
    last = key.rpartition(".")[2]
    return AS_IT_IS if last in CONTROLS and last != "_target_" else ""


def no_such(key: str, baseline: DictConfig) -> str:
    """A message that an option does not exist, with the nearest ones that do."""
    if reason := not_settable(key, baseline):
        return reason
    node, _, last = key.rpartition(".")
    if last == "_target_":
        return AS_IT_IS
    known = known_keys(cast(dict[str, Any], OmegaConf.to_container(baseline)))
    if key in MOVED and MOVED[key] in known:
        return f"this option is now called {MOVED[key]}"
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
