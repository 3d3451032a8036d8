"""Tiny sets of faces with attributes, in the layouts of the real ones."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.tasks.conftest import write_images

IDS = ["Bald", "Male", "Smiling", "Young"]
LABELS = [[0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1], [1, 1, 1, 1], [0, 0, 1, 0]]
PARTS = [0, 0, 0, 1, 1, 2]

write_faces = partial(write_images, size=(44, 54))


def write_celeba(
    root: Path, labels: Sequence[Sequence[int]] = LABELS, parts: Sequence[int] = PARTS
) -> Path:
    """Write CelebA's own files, spaced like its lists; returns `root`."""
    names = [f"{i:06d}.jpg" for i in range(1, len(labels) + 1)]
    write_faces(root / "img_align_celeba", names)
    rows = [
        f"{name} {' '.join(f'{1 if value else -1:2d}' for value in row)}"
        for name, row in zip(names, labels, strict=True)
    ]
    lines = [str(len(names)), " ".join(IDS) + " ", *rows]
    (root / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    pairs = zip(names, parts, strict=True)
    (root / "list_eval_partition.txt").write_text("".join(f"{n} {p}\n" for n, p in pairs))
    return root


def write_csv(path: Path, lines: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def change(path: Path, changes: Mapping[str, str]) -> None:
    """Replace text in a file; all of it must be there."""
    text = path.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
