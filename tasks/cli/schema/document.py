"""Write conf/README.md from the schema and the configuration files.

python -m tasks.cli.schema.document > conf/README.md
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from omegaconf import OmegaConf

from backbone.forms import FORM
from tasks.cli.configuration import compose_config, composed_config
from tasks.cli.overrides import choices
from tasks.cli.schema.choosing import CHOICES, Model, parts
from tasks.cli.schema.node import allowed, unit
from tasks.cli.schema.trainer import MOVED, REFUSED
from tasks.cli.schema.wording import literal

INTRODUCTION = Path(__file__).with_name("introduction.md")
# the groups whose choices each have their own defaults; the task sets those of all other nodes
GROUPS = ("backbone", "data", "optimizer", "preprocess", "distill", "quantize", "logger")
TITLES = {
    "": "The run",
    "early_stop": "Ending early: `early_stop.*`",
    "paths": "Folders: `paths.*`",
    "preprocess": "Random changes of images: `preprocess.*`",
    "backbone": "The trunk: `backbone.*`",
    "data": "The data set: `data.*`",
    "optimizer": "Training: `optimizer.*`",
    "trainer": "Lightning's Trainer: `trainer.*`",
    "logger": "Loggers: `logger.*`",
    "task": "The task: `task.*`",
    "distill": "A teacher: `distill.*`",
    "quantize": "Fake quantisation: `quantize.*`",
}


class Seen(NamedTuple):
    """An option's default in one composition."""

    where: str  # the choice that was composed
    value: str  # as written in YAML, interpolations unresolved


def compositions() -> Iterator[tuple[str, str]]:
    """The group and the choice of each composition whose defaults are listed."""
    for group in ("task", *GROUPS):
        for name in choices(group):
            yield group, name


def collected() -> dict[str, dict[Model, dict[str, list[Seen]]]]:
    """The defaults in every composition, by node, model and option."""
    found: dict[str, dict[Model, dict[str, list[Seen]]]] = {key: {} for key in CHOICES}
    for group, choice in compositions():
        overrides = ["task=imagenet"] if group in ("distill", "quantize") else []
        composed = composed_config(*overrides, f"{group}={choice}")
        config = cast(dict[str, Any], OmegaConf.to_container(composed))
        for part in parts(config):
            root = part.key.partition(".")[0]
            if group != (root if root in GROUPS else "task"):
                continue
            of_model = found[part.key].setdefault(part.model, {})
            for name, field in part.model.model_fields.items():
                if part.key == "backbone" and name in FORM:
                    value = default_text(None)  # composing has filled it in from the weights
                elif name in part.values:
                    value = default_text(part.values[name])
                else:
                    value = "" if field.is_required() else default_text(field.default)
                of_model.setdefault(name, []).append(Seen(choice, value))
    return found


def default_text(value: object) -> str:
    """A default as the tables show it."""
    if isinstance(value, dict):
        return "..."
    text = literal(value)
    return "to be given" if text == "???" else f"`{text}`" if text else '`""`'


def default_of(seen: list[Seen]) -> str:
    """The default, or the commonest one and then the choices that have another."""
    if len(seen) > 1 and all(one.value == f"`{one.where}`" for one in seen):
        return "the choice"
    values: dict[str, list[str]] = {}
    for one in seen:
        values.setdefault(one.value, []).append(one.where)
    ordered = sorted(values.items(), key=lambda item: -len(item[1]))
    commonest, others = ordered[0][0], ordered[1:]
    exceptions = [f"{value}: {', '.join(where)}" for value, where in others]
    return "; ".join([commonest, *exceptions])


def table(key: str, model: Model, seen: dict[str, list[Seen]], left_out: set[str]) -> list[str]:
    """The lines of a model's table; none if all of its options are listed elsewhere."""
    rows = []
    for name, field in model.model_fields.items():
        values = seen.get(name, [])
        if name in left_out or all(one.value == "..." for one in values):
            continue
        cells = [
            f"`{f'{key}.{name}'.lstrip('.')}`",
            allowed(field),
            unit(field),
            default_of(values),
            field.description or "",
        ]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    if not rows:
        return []
    head = ["| option | allowed | unit | default | |", "|---|---|---|---|---|"]
    return [f"**{(model.__doc__ or '').strip()}**", "", *head, *rows, ""]


def document() -> str:
    """The whole text of conf/README.md."""
    lines = [INTRODUCTION.read_text().rstrip(), ""]
    section = None
    for key, models in collected().items():
        if not models:
            continue
        root = key.partition(".")[0]
        if root != section:
            lines += [f"## {TITLES[root]}", ""]
            section = root
        common = shared(list(models))
        for base in common:
            merged: dict[str, list[Seen]] = {}
            for model, seen in models.items():
                if issubclass(model, base):
                    for name in base.model_fields:
                        merged.setdefault(name, []).extend(seen.get(name, []))
            lines += table(key, base, merged, inherited(base, common))
        for model, seen in models.items():
            if model not in common:
                lines += table(key, model, seen, inherited(model, common))
    lines += ["## What a task changes", "", "| `task=` | choices | options |", "|---|---|---|"]
    lines += [f"| `{name}` | {' | '.join(chosen_by(name))} |" for name in choices("task")]
    lines += [
        "",
        "## Options that are not taken",
        "",
        "| option | why, and what to use |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {reason} |" for name, reason in REFUSED.items()]
    lines += ["", "## Options that have moved", "", "| before | now |", "|---|---|"]
    lines += [f"| `{old}` | `{new}` |" for old, new in MOVED.items()]
    return "\n".join(lines) + "\n"


def chosen_by(task: str) -> tuple[str, str]:
    """The choices that a task makes, and the options that it changes."""
    config = compose_config([f"task={task}"], with_hydra=True)
    made = {
        group: config.hydra.runtime.choices[group]
        for group in ("data", "optimizer", "preprocess", "backbone")
    }
    plain = composed_config(*(f"{group}={choice}" for group, choice in made.items()))
    changed = []
    for root in (*GROUPS, "trainer"):
        if root in config and root in plain:
            own = values_by_key(OmegaConf.to_container(config[root]), root)
            others = values_by_key(OmegaConf.to_container(plain[root]), root)
            changed += [
                f"`{key}={value}`" for key, value in own.items() if others.get(key) != value
            ]
    named = ", ".join(f"`{group}={choice}`" for group, choice in made.items())
    return named, ", ".join(changed)


def values_by_key(node: object, key: str) -> dict[str, str]:
    """The options of a node as text, by dotted key."""
    if not isinstance(node, dict):
        return {key: literal(node)}
    return {
        inner: text
        for name, value in node.items()
        if name not in ("module", "source", "check")
        for inner, text in values_by_key(value, f"{key}.{name}").items()
    }


def shared(models: list[Model]) -> list[Model]:
    """The models that several of the given models derive from, the most general first."""
    bases: dict[Model, int] = {}
    for model in models:
        for base in model.__mro__:
            if getattr(base, "model_fields", None):
                bases[base] = bases.get(base, 0) + 1
    several = [base for base, count in bases.items() if count > 1]
    return sorted(several, key=lambda base: len(base.__mro__))


def inherited(model: Model, listed: list[Model]) -> set[str]:
    """The options of a model that are already in the tables of its base models."""
    above = [base for base in listed if base is not model and issubclass(model, base)]
    return {name for base in above for name in base.model_fields}


if __name__ == "__main__":
    print(document(), end="")
