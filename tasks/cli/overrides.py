"""Overrides, parsed by Hydra's grammar, and corrections for those that do not parse."""

import re
import shlex
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

import conf
from backbone.errors import InputError

SEARCHPATH = "hydra.searchpath"
SEVERAL = ("logger",)  # groups of which several are chosen at once


class OptionError(InputError):
    """Wrong options, with one line for each."""

    def __init__(self, lines: Sequence[str]):
        super().__init__("\n".join(lines))
        self.lines = list(lines)


def parse_overrides(overrides: Sequence[str], loader: ConfigLoader | None = None) -> list[Override]:
    """Parse overrides.

    Args:
        loader: for values such as glob(*), which stand for the files of a group.

    Raises:
        InputError: an override does not parse; the message has the quoting that would.
    """
    parser = OverridesParser.create(config_loader=loader)
    parsed, lines = [], []
    for text in overrides:
        try:
            if text.startswith("="):
                raise HydraException("no key")
            parsed.append(parser.parse_override(text))
            parsed[-1].config_loader = loader
        except HydraException as error:
            lines.append(misread(text, error))
    if lines:
        raise OptionError(lines)
    return parsed


def misread(text: str, error: HydraException) -> str:
    """Why an override does not parse, and how to write it."""
    key, equals, value = text.partition("=")
    if not key or (not equals and not key.startswith("~")):
        named = [group for group in ("task", "mode", "data", "backbone") if text in choices(group)]
        meant = f"; did you mean {named[0]}={text}?" if named else ""
        return f"{text}: options are written KEY=VALUE{meant}"
    quoted = quoting(key, value)
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    if quoted is None:
        return f"{text}: {reason}"
    return f"{text}: {reason}; to have the value taken as text, write {quoted}"


def quoting(key: str, value: str) -> str | None:
    """An override as typed in a shell so that its value is this text; None if there is no way."""
    parser = OverridesParser.create()
    for mark in ('"', "'"):
        inner = value.replace(mark, f"\\{mark}")
        text = f"{key}={mark}{inner}{mark}"
        try:
            if parser.parse_override(text).value() == value:
                return shlex.quote(text)
        except HydraException:
            continue
    return None


def refuse_sweeps(parsed: Sequence[Override]) -> None:
    """Raise InputError if an override has several values and only one run was asked for."""
    lines = []
    for override in parsed:
        if override.is_sweep_override():
            key, _, value = (override.input_line or "").partition("=")
            lines.append(
                f"{key}={value}: these are several values for one run. Add -m to run each of them; "
                f"for a list write {shlex.quote(f'{key}=[{value}]')}, for text "
                f"{quoting(key, value)}"
            )
    if lines:
        raise OptionError(lines)


def refuse_choices(parsed: Sequence[Override]) -> None:
    """Raise InputError for a choice that is not the name of a file, or that changes its place."""
    chosen = groups([o.input_line or "" for o in parsed])
    searched = any(o.key_or_group == SEARCHPATH for o in parsed)  # its folders may have others
    lines = []
    for override in parsed:
        group, value = override.key_or_group, override.value()
        if override.package is not None:
            lines.append(f"{override.input_line}: the place of a group is fixed; leave out @")
            continue
        if group not in chosen or override.is_delete() or override.is_sweep_override():
            continue
        if group in SEVERAL and isinstance(value, list):
            odd = [name for name in value if name not in choices(group)]
            if odd and not searched:
                names = ", ".join(choices(group))
                lines.append(f"{override.input_line}: there is no {odd[0]}; choose from {names}")
            continue
        leads_away = isinstance(value, str) and ".." in value.split("/")
        if leads_away or not isinstance(value, str | int if group == "table" else str):
            line = f"{override.input_line}: must be a name, one of {', '.join(choices(group))}"
            lines.append(line + ("; several are written +table=10,11" if group == "table" else ""))
    if lines:
        raise OptionError(lines)


def quoted_number(override: str) -> str:
    """Quote the number in an override that chooses a table, since Hydra wants a name there."""
    return re.sub(r"^(\+{0,2}table)=(\d+)$", r"\1='\2'", override)


def choices(group: str) -> list[str]:
    """The names of a group's files in conf/, without `base`, which the others share."""
    files = (Path(conf.__file__).parent / group).glob("*.yaml")
    return sorted(
        (path.stem for path in files if path.stem != "base"),
        key=lambda n: (len(n) if n.isdecimal() else 0, n),
    )


def choices_with(key: str) -> dict[str, list[str]]:
    """An option's full key -> the choices of its group whose files set it.

    Of a key, its group and the end of the rest suffice.
    """
    group, _, rest = key.partition(".")
    found: dict[str, list[str]] = {}
    for name in choices(group) if group.isidentifier() and rest else ():
        path = Path(conf.__file__).parent / group / f"{name}.yaml"
        content: Any = OmegaConf.to_container(OmegaConf.load(path))
        if path.read_text().startswith("# @package _global_"):
            content = content.get(group)
        for leaf in dotted_keys(content):
            if f".{leaf}".endswith(f".{rest}"):
                found.setdefault(f"{group}.{leaf}", []).append(f"{group}={name}")
    return found


def dotted_keys(content: object, prefix: str = "") -> list[str]:
    """The dotted keys of the values in nested dictionaries."""
    if not isinstance(content, dict):
        return [prefix[:-1]]
    return [
        leaf for key, value in content.items() for leaf in dotted_keys(value, f"{prefix}{key}.")
    ]


def about_hydra(override: str) -> bool:
    """Whether an override is for Hydra itself."""
    return override.lstrip("+~").startswith(("hydra.", "hydra/"))


def groups(overrides: Sequence[str] = ()) -> list[str]:
    """The configuration groups: the folders in conf/ and in the folders of the search path."""
    places = [Path(conf.__file__).parent, *search_folders(overrides)]
    names = {
        path.name for place in places if place.is_dir() for path in place.iterdir() if path.is_dir()
    }
    return sorted(name for name in names if not name.startswith(("_", ".")))


def search_folders(overrides: Sequence[str]) -> list[Path]:
    """The folders that `hydra.searchpath` names."""
    named: list[str] = []
    for override in parse_overrides(
        [o for o in overrides if o.lstrip("+").startswith(f"{SEARCHPATH}=")]
    ):
        value = override.value()
        named += [str(item) for item in value] if isinstance(value, list) else [str(value)]
    return [Path(place.removeprefix("file://")) for place in named if "file://" in place]


def check_search_path(overrides: Sequence[str]) -> None:
    """Raise InputError if `hydra.searchpath` names a folder that does not exist."""
    for folder in search_folders(overrides):
        if not folder.is_dir():
            raise InputError(
                f"{SEARCHPATH}: there is no folder {str(folder)!r}; name one that holds task/, "
                "data/ or other groups, such as 'hydra.searchpath=[file://mine/conf]'"
            )


def value_keys(overrides: Sequence[str]) -> list[str]:
    """The dotted keys that overrides set or add, without group choices and Hydra's own options."""
    chosen = groups(overrides)
    return [
        o.key_or_group
        for o in parse_overrides(overrides)
        if o.key_or_group not in chosen
        and "/" not in o.key_or_group
        and not about_hydra(o.key_or_group)
        and not o.is_delete()
    ]


@cache
def reads_of_hydra(sweep: bool) -> tuple[str, ...]:
    """The prefixes of Hydra's own options that a run, or a sweep, reads."""
    alone = (f"{SEARCHPATH}=", "hydra.mode=")
    if not sweep:
        return alone
    return (*alone, "hydra/launcher=", "hydra.launcher.", "hydra/sweeper=", "hydra.sweeper.",
            "hydra/sweeper/", "hydra.sweep.", "hydra.job.")  # fmt: skip


def refuse_hydras(overrides: Sequence[str], sweep: bool) -> None:
    """Raise InputError for an option of Hydra's own that nothing would read."""
    for override in overrides:
        if about_hydra(override) and not override.lstrip("+~").startswith(reads_of_hydra(sweep)):
            said = "nothing reads it" if sweep else "a single run does not read it"
            raise InputError(
                f"{override}: {said}. Of Hydra's own options, hydra.searchpath can be set, and in "
                "sweeps (-m) also hydra/launcher, hydra.launcher.*, hydra/sweeper=optuna, "
                "hydra.sweeper.*, hydra.sweep.* and hydra.job.*"
            )
