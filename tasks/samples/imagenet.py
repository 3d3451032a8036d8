"""Draws a small classification set in ImageNet's own file format and folder layout.

    train/n02690373/n02690373_1.JPEG    val/ILSVRC2012_val_00000001.JPEG
    ILSVRC2012_devkit_t12/data/{meta.mat,ILSVRC2012_validation_ground_truth.txt}

The pictures are invented, but the format is the real one: whatever reads ImageNet reads this.

`tables/imagenet.csv` has a row per class, by theme and not by WordNet id: ILSVRC2012_ID numbers
them in this order. Its `pictures`, `colors` and `choices` tell a class from others of its kind.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from scipy.io import savemat

from tasks.samples import scenes
from tasks.samples.composition import frame_near
from tasks.samples.drawing.colors import any_of, hexed, near
from tasks.samples.drawing.pen import Size
from tasks.samples.kinds import KINDS, Kind
from tasks.samples.publishing import draw_all, publish
from tasks.samples.scenes import Draw
from tasks.samples.single import compose_one, relit
from tasks.samples.tables import Row, table

VERSION = 2  # of the drawings: raise it when a picture changes, so that samples are redrawn
DEVKIT = "ILSVRC2012_devkit_t12/data"

Layout = Literal["flat", "folders"]


@dataclass(frozen=True)
class ImageNetClass:
    """A class under its WordNet id, with the words ImageNet has for it."""

    wnid: str
    words: str
    gloss: str
    kind: Kind
    like: str  # the name of the kind whose place it takes in a scene
    scenes: tuple[Draw, ...]


def _class(row: Row) -> ImageNetClass:
    like = KINDS[row["like"]]
    kind = replace(
        like,
        pictures=row["pictures"] or like.pictures,
        colors={k: hexed(v) for k, v in (pair.split("=") for pair in row["colors"].split())},
        choices=dict.fromkeys(row["choices"].split(), True),
    )
    places = tuple(getattr(scenes, name) for name in row["scenes"].split())
    return ImageNetClass(row["wnid"], row["words"], row["gloss"], kind, row["like"], places)


CLASSES = tuple(_class(row) for row in table("imagenet"))


def draw_imagenet(
    root: Path | str,
    *,
    train: int = 1000,
    val: int = 200,
    size: Size = (208, 176),
    seed: int = 0,
    workers: int | None = None,
    layout: Layout = "flat",
) -> None:
    """Draw `train` + `val` pictures of 24 classes under `root`, unless they are there already.

    Each split holds equally many pictures of each class; if the count does not divide evenly, the
    first classes get one more. The validation images lie "flat" in one folder with the labels in
    the devkit, as in the official archive, or in "folders" like the training images. Pictures have
    about `size` (width, height) pixels. See `tasks.samples.coco.draw_coco` for `seed`, `workers`
    and what happens to an older drawing.

    Raises:
        InputError: see `tasks.samples.publishing.publish`.
    """
    stamp = {"sample": "imagenet", "version": VERSION, "seed": seed, "layout": layout}
    stamp |= {"train": train, "val": val, "size": list(size)}

    def draw_set(folder: Path) -> None:
        labels = np.arange(val) % len(CLASSES)
        np.random.default_rng((seed, 2)).shuffle(labels)  # the official images are shuffled too
        flat = layout == "flat"
        jobs = []
        for i in range(train):  # cycling through the classes
            n, k = divmod(i, len(CLASSES))
            file = folder / f"train/{CLASSES[k].wnid}/{CLASSES[k].wnid}_{n + 1}.JPEG"
            jobs.append((file, k, size, (seed, 0, i)))
        for i, k in enumerate(labels.tolist()):
            place = folder / "val" if flat else folder / "val" / CLASSES[k].wnid
            file = place / f"ILSVRC2012_val_{i + 1:08d}.JPEG"
            jobs.append((file, k, size, (seed, 1, i)))
        for place in {job[0].parent for job in jobs}:
            place.mkdir(parents=True)
        for _ in draw_all(draw_picture, jobs, workers):
            pass
        if flat:
            _write_devkit(folder / DEVKIT, labels, train)

    publish(root, "ImageNet", stamp, draw_set, classes=len(CLASSES))


def draw_picture(path: Path, label: int, size: Size, seed: tuple[int, ...]) -> None:
    """Draw one picture of class `label` to `path`."""
    rng, drawn = np.random.default_rng(seed), CLASSES[label]
    frame = frame_near(size, rng)
    fill = 0.86 * drawn.kind.size**0.5  # what is small in a scene looks smaller on its own as well
    kind = replace(drawn.kind, colors={k: near(rng, v) for k, v in drawn.kind.colors.items()})
    picture = compose_one(kind, drawn.like, any_of(rng, drawn.scenes), frame, rng, fill)
    Image.fromarray(relit(picture.render(), rng)).save(path, quality=90)


def _write_devkit(folder: Path, labels: np.ndarray, train: int) -> None:
    """Write the labels of the validation images and the list of classes they refer to.

    As in the official file, the numbers do not follow the order of the WordNet ids, and the synsets
    above the classes come last. Here there is one, above all classes.
    """
    folder.mkdir(parents=True)
    lines = "".join(f"{label + 1}\n" for label in labels)
    (folder / "ILSVRC2012_validation_ground_truth.txt").write_text(lines)
    count, ids = len(CLASSES), np.arange(1, len(CLASSES) + 1, dtype=np.uint16)
    rows = [
        (k + 1, c.wnid, c.words, c.gloss, 0, ids[:0], 0, len(range(k, train, count)))
        for k, c in enumerate(CLASSES)
    ]
    rows.append((count + 1, "n00001740", "entity", "whatever there is", count, ids, 1, 0))
    fields = "ILSVRC2012_ID WNID words gloss num_children children wordnet_height num_train_images"
    synsets = np.array(rows, dtype=[(name, object) for name in fields.split()])
    savemat(folder / "meta.mat", {"synsets": synsets[:, None]})
