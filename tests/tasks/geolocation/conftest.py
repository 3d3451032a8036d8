"""Photographs' coordinates: crowded in places as real ones are, and where arithmetic is hardest.
Tiny sets of photographs in the layouts of real ones."""

import io
import itertools
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.geolocation.coordinates import Coordinates
from tests.tasks.conftest import LOADING

# Poles, equator, antimeridian, the seams between the cube's faces and its corners, and their
# nearest neighbours.
CORNER = np.degrees(np.arctan(np.sqrt(0.5)))
LATITUDES = (0, 1e-15, 1e-12, CORNER, 45, 60, 89.9999999, 90)
LONGITUDES = (0, 1e-13, 45, 90, 135, 179.99999999999997, 180)
EDGES = np.array(
    [
        (north * latitude, east * longitude)
        for latitude, longitude in itertools.product(LATITUDES, LONGITUDES)
        for north, east in itertools.product((1, -1), (1, -1))
    ],
    float,
)


@pytest.fixture(scope="session")
def places() -> np.ndarray:
    """float64[6224,2] latitude and longitude: everywhere, in thirty towns, and on the edges."""
    rng = np.random.default_rng(0)
    world = np.stack(
        [np.degrees(np.arcsin(rng.uniform(-1, 1, 2000))), rng.uniform(-180, 180, 2000)]
    )
    towns = world.T[rng.integers(0, 30, 4000)] + rng.normal(0, 0.2, (4000, 2))
    towns = np.stack([towns[:, 0].clip(-90, 90), (towns[:, 1] + 180) % 360 - 180], axis=1)
    return np.concatenate([world.T, towns, EDGES])


def chunks(places: np.ndarray, size: int = 1000) -> list[Coordinates]:
    """What a reader hands over."""
    return [
        Coordinates(None, *places[start : start + size].T) for start in range(0, len(places), size)
    ]


# of pictures from the five towns, each in a box of its own among 4 x 4 x 4
COLORS = ((32, 32, 32), (224, 32, 32), (32, 224, 32), (32, 32, 224), (224, 224, 32))
TOWNS = ((48.9, 2.4), (-33.9, 151.2), (40.7, -74.0), (-1.3, 36.8), (64.1, -21.9))


def write_places(root: Path, counts: dict[str, int], size: tuple[int, int] = (48, 36)) -> Path:
    """Lists `SPLIT.csv` of so many photographs, and their images: five towns, a colour each."""
    rng = np.random.default_rng(len(counts))
    (root / "images").mkdir(parents=True, exist_ok=True)
    for split, count in counts.items():
        lines = ["file,latitude,longitude"]
        for i in range(count):
            town = i % len(TOWNS)
            latitude, longitude = np.array(TOWNS[town]) + rng.uniform(-0.3, 0.3, 2)
            color = tuple((np.array(COLORS[town]) + rng.integers(-15, 16, 3)).tolist())
            Image.new("RGB", size, color).save(root / "images" / f"{split}{i}.jpg", quality=90)
            lines.append(f"{split}{i}.jpg,{latitude:.5f},{longitude:.5f}")
        (root / f"{split}.csv").write_text("\n".join(lines) + "\n")
    return root


def add_member(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Append a file."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def picture(color: tuple[int, int, int], size: tuple[int, int] = (24, 18)) -> bytes:
    """A JPEG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "JPEG")
    return file.getvalue()


def write_shards(root: Path, counts: Sequence[int]) -> list[str]:
    """Shards of so many photographs each, in the five towns; returns their paths."""
    root.mkdir(parents=True, exist_ok=True)
    urls, total = [], 0
    for shard, count in enumerate(counts):
        urls.append(str(root / f"train-{shard:03d}.tar"))
        with tarfile.open(urls[-1], "w") as archive:
            for i in range(count):
                latitude, longitude = TOWNS[total % len(TOWNS)]
                place = {"latitude": latitude + 1e-3 * shard, "longitude": longitude + 1e-3 * i}
                add_member(archive, f"{i:04d}.jpg", picture((50 * (total % 5), 90, 120)))
                add_member(archive, f"{i:04d}.json", json.dumps(place).encode())
                total += 1
    return urls


@pytest.fixture
def place_data(tmp_path):
    """A PlaceData, not yet set up, of lists with so many photographs; None for a split leaves it
    out."""
    from tasks.geolocation.data import PlaceData
    from tasks.geolocation.partitioning import Partitioning
    from tasks.geolocation.place_sources import PlaceLists
    from tasks.images.view import View

    def make(counts, partition=None, t_max=None, t_min=None, coarser=(), source=None, **options):
        root = write_places(tmp_path / "places", counts)
        if source is None:
            train = "train.csv" if "train" in counts else None
            source = PlaceLists(root, train, "val.csv", "images", "images")
        options = LOADING | {"crop_scale": [0.5, 1.0], "view": View(crop_fraction=1.0)} | options
        partitioning = Partitioning(partition, t_max, t_min, 8)
        return PlaceData(source, partitioning, coarser, tmp_path / "cache", **options)

    return make
