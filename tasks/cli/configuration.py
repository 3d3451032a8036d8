"""From overrides to a checked configuration.

Nothing here imports torch, so configuration errors are reported at once.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import hydra
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

import conf
from backbone.errors import InputError
from backbone.forms import FORM, published_form
from tasks.cli.overrides import (
    SEARCHPATH,
    OptionError,
    groups,
    parse_overrides,
    quoted_number,
    refuse_choices,
    value_keys,
)
from tasks.cli.parts import misplaced, of_the_whole, overrides_of_parts, part_names
from tasks.cli.schema.checking import faults
from tasks.cli.schema.choosing import parts
from tasks.cli.schema.keys import MISSING, nearest_part, select
from tasks.cli.schema.node import allowed, is_path
from tasks.cli.schema.wording import no_such
from tasks.runs.one_pass import one_size, one_view
from tasks.runs.parts import OWN, PARTS

OF_A_KEY = re.compile(r"[\w.]+=")  # how a line about a single option begins


def compose_config(overrides: Sequence[str], with_hydra: bool = False) -> DictConfig:
    """Compose the configuration of a list of overrides.

    Args:
        with_hydra: include Hydra's own options, which its launchers need.

    Raises:
        InputError: an override does not parse, or a choice is not a name. Hydra raises its own
            errors for unknown names.
    """
    given = overrides
    refuse_choices(parse_overrides(overrides))
    overrides = [quoted_number(override) for override in of_the_whole(overrides)]
    if GlobalHydra.instance().is_initialized():
        config = hydra.compose("config", list(overrides), return_hydra_config=with_hydra)
    else:
        with hydra.initialize_config_module("conf", version_base="1.3"):
            config = hydra.compose("config", list(overrides), return_hydra_config=with_hydra)
    fill_form(config)
    names = part_names(config)
    if names is None:
        if of_the_whole(given) != list(given):
            raise InputError(
                f"{PARTS}.*: only a joint task, task=joint task.parts=[...], has parts"
            )
        return config
    with open_dict(config):
        config[PARTS] = {
            name: own_of_part(compose_config(own))
            for name, own in overrides_of_parts(names, given).items()
        }
    return config


def own_of_part(config: DictConfig) -> dict[str, Any]:
    """The options that a part has for itself, in plain containers; empty if one is missing."""
    try:
        plain = cast(dict[str, Any], OmegaConf.to_container(config, resolve=True))
    except OmegaConfBaseException:  # a missing option is reported when the part is checked
        return {}
    return {key: plain[key] for key in OWN if key in plain}


def checked_parts(names: Sequence[str], overrides: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The checked configurations of a joint task's parts, as plain values, by name.

    Raises:
        OptionError: one line for each wrong option, with the part's name.
    """
    found, lines = {}, []
    for name, own in overrides_of_parts(names, overrides).items():
        try:
            if "task=joint" in own:  # composing it would ask for parts of its own
                raise InputError("a part cannot be a joint task itself")
            part = check_config(compose_config(own), own)
        except OptionError as error:
            lines += [f"{PARTS}.{name}{'.' if OF_A_KEY.match(t) else ': '}{t}" for t in error.lines]
        except InputError as error:
            lines.append(f"{PARTS}.{name}: {error}")
        else:
            plain = cast(dict[str, Any], OmegaConf.to_container(part))
            found[name] = {key: plain[key] for key in OWN if key in plain}
    if lines:
        raise OptionError(lines)
    return found


def fill_one_pass(config: DictConfig, given: Sequence[str]) -> None:
    """Fill in the size and the view that all parts share in one pass.

    Args:
        given: dotted keys that the command line sets; they are not changed.
    """
    parts = cast(dict[str, Any], OmegaConf.to_container(config[PARTS]))
    config.size, _ = one_size(parts, config.size)
    if not any(key.startswith("data.view") for key in given):
        view, _ = one_view(parts)
        config.data.view = {"_target_": config.data.view._target_, **view}


def fill_form(config: DictConfig) -> None:
    """Fill in the trunk's form where it is open and known without reading a file of weights."""
    trunk = config.get("backbone")
    names = [k for k in FORM if trunk is not None and k in trunk and trunk[k] is None]
    if not names:
        return
    network = str(trunk.get("_target_")).rpartition(".")[2]
    head = OmegaConf.select(config, "task.head.weights", throw_on_missing=False)
    form = published_form(network, trunk.get("weights"), head)
    if form is not None:
        for name in names:
            trunk[name] = form[name]


@cache
def composed_config(*overrides: str) -> DictConfig:
    """`compose_config`, cached for each list of overrides; change only a copy of the result."""
    return compose_config(overrides)


def baseline(overrides: Sequence[str]) -> DictConfig:
    """The configuration of the overrides' group choices, without their values."""
    chosen = (SEARCHPATH, *groups(overrides))

    def is_choice(override: str) -> bool:
        key = override.partition("=")[0].lstrip("+~")
        return key in chosen or key.partition("/")[0] in chosen

    return composed_config(*filter(is_choice, of_the_whole(overrides)))


def unknown_keys(overrides: Sequence[str]) -> list[str]:
    """One line for each key that overrides set and the configuration lacks, with a suggestion."""
    whole = of_the_whole(overrides)
    known = baseline(whole)
    config = cast(dict[str, Any], OmegaConf.to_container(known))
    described = list(parts(config))
    lines = []
    for key in value_keys([o for o in whole if not o.startswith("+")]):
        if select(config, key) is not MISSING:
            continue
        if "parts" in (config.get("task") or {}) and (reason := misplaced(key)):
            lines.append(f"{key}: {reason}")
            continue
        part = nearest_part(key, described)
        if part.key and key[len(part.key) + 1 :] in part.model.model_fields:
            lines.append(f"{key} has no value in the configuration files: set it with +{key}=")
        else:
            lines.append(f"{key}: {no_such(key, known)}")
    return [*lines, *unknown_keys_of_parts(overrides)]


def unknown_keys_of_parts(overrides: Sequence[str]) -> list[str]:
    """The same lines for the parts that `task.parts` names."""
    whole = of_the_whole(overrides)
    named = [o.value() for o in parse_overrides(whole) if o.key_or_group == "task.parts"]
    names = [str(name) for value in named if isinstance(value, list) for name in value]
    try:
        of_parts = overrides_of_parts(names, overrides) if names else {}
    except OptionError as error:
        return error.lines
    return [
        f"{PARTS}.{name}.{line}"
        for name, own in of_parts.items()
        # what all parts share has its line already
        for line in unknown_keys([o for o in own if o not in whole or o.startswith(SEARCHPATH)])
    ]


def check_config(config: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """Resolve a composed configuration, check it against the schema, and make it read-only.

    Args:
        overrides: those that the configuration was composed with.

    Raises:
        InputError: there is no task, nothing reads an option, a value is out of its range, or
            values contradict each other. The message has one line for each.
    """
    if config.get("task") is None:
        names = sorted(path.stem for path in Path(conf.__file__).parent.glob("task/*.yaml"))
        raise InputError(f"no task chosen: add task=NAME, one of {', '.join(names)}")
    if config.get("data") is None:
        raise InputError(f"task={config.task.name} names no data set: add data=NAME")
    keys = value_keys(of_the_whole(overrides))
    joint = part_names(config)
    if joint is not None:
        given = (o.key_or_group for o in parse_overrides(of_the_whole(overrides)))
        if lines := [f"{key}: {reason}" for key in given if (reason := misplaced(key))]:
            raise OptionError(lines)
        config = config.copy()
        with open_dict(config):
            config[PARTS] = checked_parts(joint, overrides)
        fill_one_pass(config, keys)
    config = with_home_folders(config, keys)
    if lines := list(missing(config)):
        raise OptionError(lines)
    resolved = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    plain = cast(dict[str, Any], resolved)
    if lines := faults(plain, baseline(overrides), keys) or unused_changes(plain, overrides):
        raise OptionError(lines)
    plain["trainer"]["max_epochs"] += plain.get("extend") or 0
    made = OmegaConf.create(plain)
    OmegaConf.set_readonly(made, True)
    return made


def unused_changes(config: Mapping[str, Any], overrides: Sequence[str]) -> list[str]:
    """One line for each random change that the command line asks for but `augment` turns off."""
    if config["augment"] or config["trainer"]["max_epochs"] == 0:
        return []
    given = parse_overrides(of_the_whole(overrides))
    return [
        f"{override.input_line}: augment=false turns off all random changes of training images "
        "(mode=sample, smoke and overfit set it); add augment=true"
        for override in given
        if override.key_or_group.partition(".")[0] == "preprocess"
        and override.value() not in (None, "none", 0)
    ]


def missing(config: DictConfig) -> Iterator[str]:
    """One line for each option that has no default and was not given."""
    plain = cast(dict[str, Any], OmegaConf.to_container(config))
    fields = described_fields(plain)

    def keys(node: object, key: str) -> Iterator[str]:
        if isinstance(node, dict):
            for name, value in node.items():
                yield from keys(value, f"{key}.{name}".lstrip("."))
        elif node == "???":
            yield key

    for key in keys(plain, ""):
        about, wanted = fields.get(key, ("", "a value"))
        yield f"{key} is not given: add {key}=, {wanted}" + (f" ({about})" if about else "")


def described_fields(config: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """For each option that the schema describes, by dotted key: its sentence and what it allows."""
    return {
        f"{part.key}.{name}".lstrip("."): (field.description or "", allowed(field))
        for part in parts(config)
        for name, field in part.model.model_fields.items()
    }


def with_home_folders(config: DictConfig, keys: Sequence[str]) -> DictConfig:
    """A copy in which `~` at the start of paths that `keys` set is replaced by the home folder."""
    config = config.copy()
    for part in parts(cast(dict[str, Any], OmegaConf.to_container(config))):
        for name, field in part.model.model_fields.items():
            key = f"{part.key}.{name}".lstrip(".")
            value = part.values.get(name)
            if key in keys and is_path(field) and isinstance(value, str) and value[:1] == "~":
                OmegaConf.update(config, key, os.path.expanduser(value))
    return config
