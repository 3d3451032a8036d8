"""The one image that all parts see: its size, and the part of a photograph that it shows."""

from collections.abc import Mapping
from typing import Any

from backbone.errors import InputError
from tasks.runs.names import at

WHOLE: dict[str, Any] = {"crop_fraction": None, "box": None, "keep_aspect": False}
Configs = Mapping[str, Mapping[str, Any]]


def one_size(parts: Configs, wanted: Any = None) -> tuple[Any, list[str]]:
    """The input size for all parts, in pixels, and notes on it for the user.

    A head that is built for a size, as a detector's is with its anchors, only answers at that size.

    Args:
        parts: name -> configuration.
        wanted: the size that the user asks for; None: a detector's size, or else the largest one.

    Raises:
        InputError: heads are built for different sizes, or for another size than the wanted one.
    """
    built = {
        name: _pair(size)
        for name, part in parts.items()
        if (size := at(part, ("task", "head", "size"))) is not None
    }
    sizes = {name: _pair(part["size"]) for name, part in parts.items()}
    pixels = _pair(wanted) if wanted is not None else None
    if pixels is None:
        pixels = next(iter(built.values()), max(sizes.values()))
    for name, size in built.items():
        if size != pixels:
            raise InputError(
                f"part {name} only answers at {_words(size)}, which its head is built for, but "
                f"the one pass would be at {_words(pixels)}: give all such parts the same size"
            )
    others = [f"{name} {_words(size)}" for name, size in sizes.items() if size != pixels]
    notes = []
    if others:
        notes.append(
            f"one pass shows all parts {_words(pixels)}; trained at another size: "
            f"{', '.join(others)}"
        )
    return (pixels[0] if pixels[0] == pixels[1] else list(pixels)), notes


def one_view(parts: Configs) -> tuple[dict[str, Any], list[str]]:
    """The view of an image for all parts, and notes on it for the user.

    It is the parts' common view; if they differ, it is the whole image.
    """
    views = {name: _view(part) for name, part in parts.items()}
    first = next(iter(views.values()))
    if all(view == first for view in views.values()):
        return dict(first), []
    other = [name for name, view in views.items() if view != WHOLE]
    return dict(WHOLE), [
        f"one pass shows all parts the whole image; trained with another view: {', '.join(other)}"
    ]


def _view(part: Mapping[str, Any]) -> dict[str, Any]:
    given = at(part, ("data", "view")) or {}
    return {key: given.get(key, default) for key, default in WHOLE.items()}


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def _words(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
