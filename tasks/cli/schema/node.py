"""How the schema describes a node of the configuration and each of its options."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from tasks.cli.schema.types import Path, words

# Hydra's own keys in a node; no option of the object that it describes.
CONTROLS = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")


class Described(BaseModel):
    """The base of every model: a node's options with their types, ranges, units and sentences.

    Nothing is converted: text and true are not taken for numbers, and inf and nan are refused.
    """

    model_config = ConfigDict(
        strict=True, extra="ignore", allow_inf_nan=False, hide_input_in_errors=True
    )


class Anything(Described):
    """A node whose options the schema does not know, such as those of an outside class."""


def option(about: str, default: Any = ..., *, unit: str = "", hint: str = "", **range_: Any) -> Any:
    """A field of a `Described` node.

    Args:
        about: what the option does, in a sentence.
        default: the constructor's own default, for an option that the YAML files leave out.
        hint: follows what is allowed, where a value is refused.
        range_: pydantic's constraints: ge, gt, le, lt, min_length ...
    """
    extra = {"unit": unit, "hint": hint}
    return Field(default, description=about, json_schema_extra=dict(extra), **range_)


def unit(field: FieldInfo) -> str:
    """The unit of an option, or nothing."""
    return _extra(field, "unit")


def allowed(field: FieldInfo) -> str:
    """What values an option allows, in words, with its hint."""
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
