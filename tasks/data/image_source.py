"""What a data set on disk offers a classifier, and the message where it is incomplete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from backbone.errors import InputError
from tasks.data.folders import contents
from tasks.data.image_index import ImageIndex

AnyIndex = TypeVar("AnyIndex", bound=ImageIndex, covariant=True)
"""The kind of index that a data set has."""


@dataclass(frozen=True)
class ImageSet(Generic[AnyIndex]):
    """The splits of a data set, all of the same classes."""

    splits: Mapping[str, AnyIndex]
    """'val'; 'train' unless the set is for evaluation only; 'test' if it has a third split."""
    note: str = ""
    """What a reader of a score must know about the data."""


class ImageSource(Protocol[AnyIndex]):
    """A data set in one layout. Creating one reads nothing."""

    root: str

    def check(self) -> None:
        """Raise InputError unless the folders and lists are there. Quick: it looks at few paths."""

    def load(self) -> ImageSet[AnyIndex]:
        """List every image. Raises: InputError for what is missing or contradicts itself."""


def check_source(source: ImageSource[ImageIndex]) -> None:
    """The configuration's `data.check`: check a source without importing torch."""
    source.check()


def require(
    title: str, root: Path, paths: Sequence[Path], layout: str, downloads: Sequence[str] = ()
) -> None:
    """Raise InputError unless all paths exist.

    The message names what was looked for, what is there instead, the layout expected, where to get
    the set, and how to go on without it.
    """
    missing = [path for path in paths if not path.exists()]
    if not missing:
        return
    lines = [f"{title} is not complete in {root.absolute()}. Not found:"]
    lines += [f"  {path.absolute()}" for path in missing]
    if root.is_dir():
        lines += [f"The folder holds {contents(root)}."]
    elif root.exists():
        lines += [f"{root.name} is a file and no folder; if it is an archive, unpack it."]
    lines += ["Expected there:"]
    lines += [f"  {line}" for line in layout.splitlines()]
    if downloads:
        lines += ["Download and unpack there:"]
        lines += [f"  {line}" for line in downloads]
    lines += ["or name another folder with data.root=, or add mode=sample to use the embedded set"]
    raise InputError("\n".join(lines))


def official_note(
    splits: Mapping[str, ImageIndex], official: Mapping[str, int], classes: int
) -> str:
    """Say whether the splits have the published counts: only then do scores compare.

    Args:
        splits: those that were loaded; only they are compared.
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
        f"not the official {published} images of {classes:,} classes: scores do not compare with "
        "published ones"
    )
