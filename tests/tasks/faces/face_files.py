"""Tiny faces in the layouts of the real sets: a colour per person, a shade per picture."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_face(path: Path, person: int, picture: int, size: tuple[int, int] = (40, 48)) -> None:
    """Write a picture in the person's colour, whose left half is darker by the picture's number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = np.random.default_rng(person).integers(40, 256, 3)
    pixels = np.tile(colour.astype(np.uint8), (size[1], size[0], 1))
    pixels[:, : size[0] // 2] -= np.uint8(5 * (picture % 6))
    Image.fromarray(pixels).save(path, "JPEG", quality=95)


def write_folders(root: Path, people: dict[str, int]) -> Path:
    """Write folders named after people, each with the given number of pictures."""
    for person, (name, count) in enumerate(people.items()):
        for picture in range(count):
            write_face(root / name / f"{picture}.jpg", person, picture)
    return root


def write_celeba(root: Path, rows: list[tuple[int | None, int]]) -> Path:
    """Write CelebA's files for the (person or None, part) of each picture."""
    names = [f"{i:06d}.jpg" for i in range(1, len(rows) + 1)]
    for i, (name, (person, _)) in enumerate(zip(names, rows, strict=True)):
        write_face(root / "img_align_celeba" / name, person or 0, i)
    parts = [f"{name} {part}" for name, (_, part) in zip(names, rows, strict=True)]
    people = [f"{n} {p}" for n, (p, _) in zip(names, rows, strict=True) if p is not None]
    (root / "list_eval_partition.txt").write_text("\n".join(parts) + "\n")
    (root / "identity_CelebA.txt").write_text("\n".join(people) + "\n")
    return root


def write_lfw(root: Path, folds: int = 2, count: int = 2) -> Path:
    """Write two pictures of each person, `count` matched pairs per fold, and pairs.txt."""
    lines = [f"{folds}\t{count}"]
    for fold in range(folds):
        names = [f"Person_{fold}_{i}" for i in range(count + 1)]
        for i, name in enumerate(names):
            for picture in (1, 2):
                write_face(root / name / f"{name}_{picture:04d}.jpg", 100 * fold + i, picture)
        lines += [f"{name}\t1\t2" for name in names[:count]]
        lines += [f"{names[i]}\t1\t{names[i + 1]}\t2" for i in range(count)]
    (root / "pairs.txt").write_text("\n".join(lines) + "\n")
    return root
