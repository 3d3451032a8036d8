"""Draws a small set of landscapes with their coordinates: a CSV file per split, a folder of images.

    train.csv    val.csv    images/1.jpg ...

The header is `file,latitude,longitude`: a name in `images` and a position in degrees. The
pictures are invented, but what they show depends on the place: see `landscapes.py`.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from tasks.samples.composition import frame_near
from tasks.samples.drawing.colors import Rng
from tasks.samples.drawing.pen import Size
from tasks.samples.earth import PLACES, Place
from tasks.samples.landscapes import draw_view
from tasks.samples.publishing import draw_all, publish
from tasks.samples.rendering import on_paper
from tasks.samples.single import relit

VERSION = 3  # of the drawings: raise it when a picture changes, so that samples are redrawn
HEADER = ("file", "latitude", "longitude")

_SHARES = np.array([place.weight for place in PLACES])


def draw_places(
    root: Path | str,
    *,
    train: int = 1500,
    val: int = 300,
    size: Size = (192, 160),
    seed: int = 0,
    workers: int | None = None,
) -> None:
    """Draw `train` + `val` pictures with positions under `root`, unless they are there already.

    Pictures have about `size` (width, height) pixels and are upright, square or wide. See
    `tasks.samples.coco.draw_coco` for `seed`, `workers` and what happens to an older drawing.

    Raises:
        InputError: see `tasks.samples.publishing.publish`.
    """
    stamp = {"sample": "places", "version": VERSION, "seed": seed}
    stamp |= {"train": train, "val": val, "size": list(size)}

    def draw_set(folder: Path) -> None:
        (folder / "images").mkdir(parents=True)
        names = [f"{n}.jpg" for n in range(1, train + val + 1)]
        seeds = [(seed, split, i) for split, n in enumerate((train, val)) for i in range(n)]
        jobs = [(folder / "images" / n, size, key) for n, key in zip(names, seeds, strict=True)]
        positions = draw_all(draw_picture, jobs, workers)
        rows = [(name, *position) for name, position in zip(names, positions, strict=True)]
        for split, part in (("train", rows[:train]), ("val", rows[train:])):
            lines = [f"{name},{north:.6f},{east:.6f}\n" for name, north, east in part]
            (folder / f"{split}.csv").write_text("".join([f"{','.join(HEADER)}\n", *lines]))

    publish(root, "places", stamp, draw_set)


def draw_picture(path: Path, size: Size, seed: tuple[int, ...]) -> tuple[float, float]:
    """Draw one picture somewhere on Earth to `path`; return its latitude and longitude."""
    rng = np.random.default_rng(seed)
    place = PLACES[rng.choice(len(PLACES), p=_SHARES / _SHARES.sum())]
    latitude, longitude = place.position(rng)
    Image.fromarray(compose(place, latitude, frame_near(size, rng), rng)).save(path, quality=90)
    return latitude, longitude


def compose(place: Place, latitude: float, frame: Size, rng: Rng) -> np.ndarray:
    """Invent a photograph taken at `latitude` near `place`, uint8 [H, W, 3]."""
    here = replace(place, climate=replace(place.climate, latitude=latitude))
    picture = np.asarray(draw_view(frame, here, rng).finish())
    paper = (int(rng.integers(512)), int(rng.integers(512)))
    return on_paper(relit(picture, rng), paper)  # relit, or colours alone would tell the place
