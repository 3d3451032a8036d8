"""Draws a small fine-grained set in Stanford Dogs' own file format and folder layout.

    Images/n02085620-Chihuahua/n02085620_1.jpg    Annotation/n02085620-Chihuahua/n02085620_1
    lists/{file,train,test}_list.mat

The dogs are invented, but the format is the real one: whatever reads Stanford Dogs reads this.

A breed's build, head, ears, tail and fur are its file in `art/dogs`. Each shares some of them, or
its colours, with another breed, and none shares them all. A row of `tables/breeds.csv` is a coat:
the colour of the body, and of the parts that differ from what the file derives from it.
"""

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from scipy.io import savemat

from tasks.samples.composition import Picture, Placed, frame_near
from tasks.samples.drawing.art import Choices
from tasks.samples.drawing.colors import COLORS, Color, Rng, any_of
from tasks.samples.drawing.pen import Size
from tasks.samples.kinds import Kind
from tasks.samples.publishing import draw_all, publish
from tasks.samples.scenes import beach, country_road, meadow, room, snow, street
from tasks.samples.single import compose_one, relit
from tasks.samples.sprite import tight_box
from tasks.samples.tables import Row, table

VERSION = 2  # of the drawings: raise it when a picture changes, so that samples are redrawn

# where a dog may be, and the kind of object whose place it takes there
_SCENES = (meadow, beach, snow, street, country_road, room)
_LIKE = ("cat", "bird", "cat", "cat", "car", "cat")
_POSES = {"standing": 0.4, "sitting": 0.3, "portrait": 0.3}
_CUT = (0.06, 0.2)  # share of a portrait's height below the frame

OPTIONAL = ("saddle", "cheeks", "blaze", "ruff", "tip", "merle", "brindle")  # parts of some coats


@dataclass(frozen=True)
class Breed:
    """One breed under its name in Stanford Dogs, with the colours of each of its coats."""

    wnid: str
    name: str
    coats: tuple[dict[str, Color], ...]

    @property
    def folder(self) -> str:
        """The name of its folder in Stanford Dogs."""
        return f"{self.wnid}-{self.name}"

    @property
    def picture(self) -> str:
        """The name of its file in `art/dogs`."""
        return self.name.lower().replace("_", "-")


def _coat(row: Row) -> dict[str, Color]:
    parts = (part.split("=") for part in row["parts"].split())
    return {"body": COLORS["coat"][row["body"]], **{part: COLORS["coat"][c] for part, c in parts}}


BREEDS = tuple(
    Breed(wnid, name, tuple(map(_coat, rows)))
    for (wnid, name), rows in groupby(table("breeds"), lambda row: (row["wnid"], row["name"]))
)


def draw_dogs(
    root: Path | str,
    *,
    train: int = 720,
    val: int = 240,
    size: Size = (208, 176),
    seed: int = 0,
    workers: int | None = None,
) -> None:
    """Draw `train` + `val` pictures of twelve breeds under `root`, unless they are there already.

    Each split holds equally many pictures of each breed; if the count does not divide evenly, the
    first breeds get one more. Pictures have about `size` (width, height) pixels and are upright,
    square or wide. See `tasks.samples.coco.draw_coco` for `seed`, `workers` and what happens to an
    older drawing. With the same seed only the bytes of the lists differ, because a MATLAB file
    records when it was written.

    Raises:
        InputError: see `tasks.samples.publishing.publish`.
    """
    stamp = {"sample": "stanford_dogs", "version": VERSION, "seed": seed}
    stamp |= {"train": train, "val": val, "size": list(size)}
    draw_set = partial(_draw_set, (train, val), size, seed, workers)
    publish(root, "Stanford Dogs", stamp, draw_set, classes=len(BREEDS))


def _draw_set(counts: Size, size: Size, seed: int, workers: int | None, folder: Path) -> None:
    # for train and test: (name without suffix, label)
    lists: list[list[tuple[str, int]]] = [[], []]
    jobs = []
    for k, breed in enumerate(BREEDS):
        number = 0
        for split, count in enumerate(counts):
            for i in range(k, count, len(BREEDS)):
                number += 1
                name = f"{breed.folder}/{breed.wnid}_{number}"
                lists[split].append((name, k + 1))
                jobs.append((folder, name, k, size, (seed, split, i)))
        for kind in ("Images", "Annotation"):
            (folder / kind / breed.folder).mkdir(parents=True)
    for _ in draw_all(draw_picture, jobs, workers):
        pass
    (folder / "lists").mkdir()
    _write_list(folder / "lists/file_list.mat", sorted(lists[0] + lists[1], key=lambda e: e[1]))
    _write_list(folder / "lists/train_list.mat", lists[0])
    _write_list(folder / "lists/test_list.mat", lists[1])


def draw_picture(folder: Path, name: str, label: int, size: Size, seed: tuple[int, ...]) -> None:
    """Draw one dog of breed `label` (from 0) and annotate it."""
    rng = np.random.default_rng(seed)
    picture = compose(label, size, rng)
    image = Image.fromarray(relit(picture.render(), rng))
    image.save(folder / f"Images/{name}.jpg", quality=90)
    (dog,) = picture.objects
    text = _annotation(BREEDS[label], name, image.size, dog)
    (folder / "Annotation" / name).write_text(text)


def compose(label: int, size: Size, rng: Rng) -> Picture:
    """Invent a picture of a dog of breed `label`: its pose, coat and surroundings."""
    breed, frame = BREEDS[label], frame_near(size, rng)
    pose = str(rng.choice(list(_POSES), p=list(_POSES.values())))
    dog = dog_kind(breed, pose, varied(any_of(rng, breed.coats), rng))
    scene, like = any_of(rng, tuple(zip(_SCENES, _LIKE, strict=True)))
    fill, sunk = (0.96, _CUT) if pose == "portrait" else (0.92, None)
    return compose_one(dog, like, scene, frame, rng, fill, sunk)


def dog_kind(breed: Breed, pose: str, coat: dict[str, Color]) -> Kind:
    """Return a dog of a breed in a pose and a coat as a kind of object."""
    choices: Choices = {"pose": pose, **{part: part in coat for part in OPTIONAL}}
    return Kind(
        18, breed.picture, 1, 1, 2.5, below=1.4, folder="dogs", colors=coat, choices=choices
    )


def varied(coat: dict[str, Color], rng: Rng) -> dict[str, Color]:
    """Return a coat on another dog: all of it paler or deeper, warmer or cooler."""
    shift = rng.normal(0, 10) + rng.normal(0, (5, 3, 6))
    return {
        part: tuple(int(v) for v in np.clip(np.add(color, shift), 0, 255))
        for part, color in coat.items()
    }


def _annotation(breed: Breed, name: str, frame: Size, dog: Placed) -> str:
    """Return the annotation's XML, with the elements of the official files."""
    corners = dict(zip(("xmin", "ymin", "xmax", "ymax"), tight_box(dog.visible), strict=True))
    truncated = int(dog.visible.sum() < dog.sprite.mask.sum())
    content = {
        "folder": breed.wnid[1:],
        "filename": Path(name).name,
        "source": {"database": "Drawn after Stanford Dogs"},
        "size": {"width": frame[0], "height": frame[1], "depth": 3},
        "segment": 0,
        "object": {"name": breed.name, "pose": "Unspecified", "truncated": truncated}
        | {"difficult": 0, "bndbox": corners},
    }
    root = _element("annotation", content)
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _element(tag: str, content: object) -> ElementTree.Element:
    element = ElementTree.Element(tag)
    if isinstance(content, dict):
        element.extend(_element(key, value) for key, value in content.items())
    else:
        element.text = str(content)
    return element


def _write_list(path: Path, entries: list[tuple[str, int]]) -> None:
    """Write one of the three lists: cell arrays of names, and labels from 1, all [N, 1]."""
    names = np.array([[name] for name, _ in entries], dtype=object)
    content = {
        "file_list": names + ".jpg",
        "annotation_list": names,
        "labels": np.array([[label] for _, label in entries], dtype=np.uint8),
    }
    savemat(path, content)
