"""The splits of a data set on disk for a classifier, and the message if it is incomplete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from backbone.errors import InputError
from tasks.data.folders import OTHERWISE, about_root
from tasks.data.image_index import ImageIndex

AnyIndex = TypeVar("AnyIndex", bound=ImageIndex, covariant=True)
"""The kind of index of a data set."""


@dataclass(frozen=True)
class ImageSet(Generic[AnyIndex]):
    """The splits of a data set, all with the same classes."""

    splits: Mapping[str, AnyIndex]
    """'val'; 'train' unless the set is for evaluation only; 'test' if it has a third split."""
    note: str = ""
    """Facts about the data that matter for its scores."""


class ImageSource(Protocol[AnyIndex]):
    """A data set in one layout. Creating one reads nothing."""

    root: str

    def check(self) -> None:
        """Raise InputError unless the folders and lists exist. It is quick: it checks few paths."""

    def load(self) -> ImageSet[AnyIndex]:
        """List every image. Raises: InputError if something is missing or contradictory."""


def check_source(source: ImageSource[ImageIndex]) -> None:
    """The configuration's `data.check`: check a source without importing torch."""
    source.check()


def require(
    title: str,
    root: Path,
    paths: Sequence[Path],
    layout: str,
    downloads: Sequence[str] = (),
    otherwise: str = OTHERWISE,
) -> None:
    """Raise InputError unless all paths exist.

    The message names what was looked for, what is there instead, the expected layout, where to get
    the data set, and, in `otherwise`, how to continue without it.
    """
    missing = [path for path in dict.fromkeys(paths) if not path.exists()]
    if not missing:
        return
    lines = [f"{title} is not complete in {root.absolute()}. Not found:"]
    lines += [f"  {path.absolute()}" for path in missing]
    lines += [about_root(root), "Expected there:"]
    lines += [f"  {line}" for line in layout.splitlines()]
    if downloads:
        lines += ["Download and unpack there:"]
        lines += [f"  {line}" for line in downloads]
    lines += [otherwise]
    raise InputError("\n".join(lines))


def official_note(
    splits: Mapping[str, ImageIndex], official: Mapping[str, int], classes: int
) -> str:
    """State whether the splits have the published numbers of images; only then do scores compare.

    Args:
        splits: the loaded splits; only these are compared.
        official: the published number of images in each split.
        classes: the published number of classes.
    """
    same = all(
        len(index) == official[name] and len(index.classes) == classes
        for name, index in splits.items()
    )
    if same:
        return "the official split"
    published = " / ".join(f"{official[name]:,}" for name in splits)
    return (
        f"not the official {published} images of {classes:,} classes: scores cannot be compared "
        "with published ones"
    )
