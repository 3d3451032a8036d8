"""What `--help` prints."""

from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from tasks.cli import flags
from tasks.cli.overrides import choices, groups
from tasks.cli.schema.choosing import parts
from tasks.cli.schema.node import allowed, unit
from tasks.cli.schema.wording import literal

CHOICES = "Choices, as GROUP=NAME"
OPTIONS = "Options, as KEY=VALUE"


def explanation(module: str, config: DictConfig) -> str:
    """Flags, groups with their choices, and the options of a configuration."""
    lines = [f"usage: python -m {module} task=NAME [GROUP=NAME ...] [KEY=VALUE ...] [FLAGS]", ""]
    lines += ["Flags"]
    for action in flags.flag_parser()._actions:
        if action.option_strings:
            lines.append(f"  {', '.join(action.option_strings):20}  {action.help}")
    lines += ["", CHOICES]
    lines += [f"  {name:10}  {', '.join(choices(name))}" for name in groups()]
    if config.get("task") is None:
        lines += ["", "Add task=NAME to see the options of that task too."]
    lines += ["", OPTIONS]
    plain = cast(dict[str, Any], OmegaConf.to_container(config))
    for part in parts(plain):
        for name, field in part.model.model_fields.items():
            value = part.values.get(name, field.default)
            if isinstance(value, dict) or name not in part.values:
                continue
            key = f"{part.key}.{name}".lstrip(".")
            words = f"{field.description}. {allowed(field)}"
            lines.append(f"  {key}={literal(value)}\n      {words}{in_unit(unit(field))}")
    return "\n".join([*lines, "", "conf/README.md lists all options, with units and defaults"])


def in_unit(name: str) -> str:
    """The unit of an option in brackets, to follow its range."""
    return f" ({name})" if name else ""
