"""Read the JSON and YAML files of runs as plain values; damaged ones raise one kind of error."""

import json
from pathlib import Path
from typing import Any

import yaml


class _Plain(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """Refuses aliases, which no run writes: a small file can unfold to any size with them."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise ValueError("it has an alias (*), which no run writes")
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
        ValueError: it is not YAML, is nested too deeply, or has aliases or tags of code.
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
