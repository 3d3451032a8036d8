"""Draws a small detection set in COCO's own file format and folder layout.

    annotations/instances_{train,val}2017.json    train2017/000000000001.jpg    val2017/...

The pictures are invented (see `composition.py`), but the format is the real one: whatever reads
COCO reads this. `sample.json` beside them records what was drawn, so that a second call has nothing
to do.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasks.samples.composition import compose, frame_near
from tasks.samples.drawing.pen import Size
from tasks.samples.publishing import Record, draw_all, publish
from tasks.samples.sprite import tight_box
from tasks.samples.tables import table

VERSION = 3  # of the drawings: raise it when a picture changes, so that samples are redrawn

_DESCRIPTION = f"Drawn detection sample in COCO format, version {VERSION}"
_LICENCE = "Drawn by this project, under its own licence"
# COCO's 80 categories with their own ids, which have gaps
CATEGORIES: list[dict[str, Any]] = [{**row, "id": int(row["id"])} for row in table("coco")]


def draw_coco(
    root: Path | str,
    *,
    train: int = 1200,
    val: int = 300,
    size: Size = (320, 240),
    seed: int = 0,
    workers: int | None = None,
) -> None:
    """Draw `train` + `val` pictures with annotations under `root`, unless they are there already.

    Pictures have about `size` (width, height) pixels and are upright, square or wide. The same seed
    gives the same bytes with the same version of Pillow. The set is moved to `root` in one step
    once it is complete. An older drawing there is replaced; anything else is left alone.

    `workers` is the number of drawing processes. By default it is one per core, at most 8; a small
    set is drawn in the calling process. The processes are spawned, so a script that calls this
    needs the usual `if __name__ == "__main__"` guard.

    Raises:
        InputError: see `tasks.samples.publishing.publish`.
    """
    stamp = {"sample": "coco", "version": VERSION, "seed": seed, "train": train, "val": val}
    stamp["size"] = list(size)
    publish(root, "COCO", stamp, lambda new: _draw_set(new, train, val, size, seed, workers))


def _draw_set(
    folder: Path, train: int, val: int, size: Size, seed: int, workers: int | None
) -> None:
    splits = (("train2017", train, 1), ("val2017", val, train + 1))
    for name in ("annotations", *(name for name, _, _ in splits)):
        (folder / name).mkdir(parents=True)
    jobs = [
        (folder / name / f"{first + i:012d}.jpg", size, (seed, k, i))
        for k, (name, count, first) in enumerate(splits)
        for i in range(count)
    ]
    records: Iterator[tuple[Record, list[Record]]] = draw_all(draw_picture, jobs, workers)
    next_id = 1
    for name, count, _ in splits:
        images, annotations = [], []
        for _ in range(count):
            image, objects = next(records)
            images.append(image)
            for instance in objects:
                annotations.append({"id": next_id, "image_id": image["id"], **instance})
                next_id += 1
        content = {
            "info": {"description": _DESCRIPTION, "version": str(VERSION), "year": 2017},
            "licenses": [{"id": 1, "name": _LICENCE, "url": ""}],
            "images": images,
            "annotations": annotations,
            "categories": CATEGORIES,
        }
        (folder / "annotations" / f"instances_{name}.json").write_text(json.dumps(content))


def draw_picture(path: Path, size: Size, seed: tuple[int, ...]) -> tuple[Record, list[Record]]:
    """Draw one picture to `path`; return its COCO image record and its annotations without ids."""
    rng = np.random.default_rng(seed)
    width, height = frame_near(size, rng)
    picture = compose(width, height, rng)
    Image.fromarray(picture.render()).save(path, quality=90)
    image = {"id": int(path.stem), "file_name": path.name, "width": width, "height": height}
    return image | {"license": 1}, [
        {
            "category_id": item.sprite.kind.category_id,
            "bbox": [float(x0), float(y0), float(x1 - x0), float(y1 - y0)],
            "area": float(item.visible.sum()),
            "iscrowd": int(item.sprite.crowd),
            "segmentation": _run_lengths(item.visible),
        }
        for item in picture.objects
        for x0, y0, x1, y1 in [tight_box(item.visible)]
    ]


def _run_lengths(mask: np.ndarray) -> Record:
    """Encode a bool mask as COCO's uncompressed RLE: runs down the columns, zeros first."""
    flat = np.concatenate([[0], mask.ravel(order="F"), [0]])
    edges = np.flatnonzero(np.diff(flat))
    runs = np.diff(np.concatenate([[0], edges, [mask.size]]))
    if edges[-1] == mask.size:
        runs = runs[:-1]
    return {"counts": runs.tolist(), "size": list(mask.shape)}
