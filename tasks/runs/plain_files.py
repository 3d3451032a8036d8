"""JSON and YAML files as plain values. Whatever else is in them is one kind of error."""

import json
from pathlib import Path
from typing import Any

import yaml


class _Plain(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """Refuses parts that are named again: they can unfold without end, and no run writes any."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise ValueError("it names a part of itself again (*)")
        return super().compose_node(parent, index)


def json_in(path: Path) -> Any:
    """The values in a JSON file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(_text(path))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def yaml_in(path: Path) -> Any:
    """The values in a YAML file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not YAML, is nested too deeply, or names code or its own parts.
    """
    try:
        return yaml.load(_text(path), _Plain)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _text(path: Path) -> str:
    if path.exists() and not path.is_file():  # a pipe would never end
        raise ValueError("it is not a regular file")
    return path.read_text(encoding="utf-8")
