"""A node of the configuration, described: the base of every model, and how an option is written."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from tasks.cli.schema.types import Path, words

# Hydra's own keys in a node; no option of the object that it describes.
CONTROLS = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")


class Described(BaseModel):
    """The options of a node, by name: type and range, unit, and a sentence.

    Nothing is converted: text is no number, true is no number, and no number is infinite or not a
    number.
    """

    model_config = ConfigDict(
        strict=True, extra="ignore", allow_inf_nan=False, hide_input_in_errors=True
    )


class Anything(Described):
    """A node whose options the schema does not know: an outside constructor's, or free text."""


def option(about: str, default: Any = ..., *, unit: str = "", hint: str = "", **range_: Any) -> Any:
    """A field of a `Described` node.

    Args:
        about: what the option does, in a sentence.
        default: the constructor's own, for an option that the YAML files leave out.
        hint: said after what is allowed, where a value is refused.
        range_: pydantic's constraints: ge, gt, le, lt, min_length ...
    """
    extra = {"unit": unit, "hint": hint}
    return Field(default, description=about, json_schema_extra=dict(extra), **range_)


def unit(field: FieldInfo) -> str:
    """The unit of an option, or nothing."""
    return _extra(field, "unit")


def allowed(field: FieldInfo) -> str:
    """What an option may be, in words, with its hint."""
    hint = _extra(field, "hint")
    return words(field.annotation, field.metadata) + (f"; {hint}" if hint else "")


def is_path(field: FieldInfo) -> bool:
    """Whether an option is a file or a folder, so that `~` stands for the home folder."""
    return field.annotation in (Path, Path | None) or "a path" in words(
        field.annotation, field.metadata
    )


def _extra(field: FieldInfo, name: str) -> str:
    extra = field.json_schema_extra
    return str(extra.get(name, "")) if isinstance(extra, dict) else ""
