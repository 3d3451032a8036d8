"""Labels and a batch of noise for a kind of task, so that its step can be timed without data."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.geolocation.cells import build_partition
from tasks.geolocation.coordinates import Coordinates
from tasks.geolocation.data import labels as labels_of_cells

CLASSES, ATTRIBUTES, PEOPLE = 1000, 40, 10_000  # of ImageNet, of CelebA, and roughly of CelebA
PLACES, FULL_CELL = 20_000, 3  # these give 11,385 cells, about as many as in the paper


def synthetic(kind: str, count: int, size: tuple[int, int]) -> tuple[Labels, Batch]:
    """The meaning of a task's outputs, and a batch of noise in the layout of the loaders.

    Args:
        kind: `task.kind` of a task whose network has one output.
        count: images.
        size: (h, w) in pixels.
    """
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, *size, 3), generator=generator).to(torch.uint8)
    labels, target = KINDS[kind](count, generator)
    batch = {"image": pixels.permute(0, 3, 1, 2), "image_id": torch.arange(count)}
    return labels, batch | target


def class_batch(count: int, generator: torch.Generator) -> tuple[Labels, Batch]:
    """A batch with ImageNet's classes."""
    return numbered_labels(CLASSES), {"label": random_integers(CLASSES, (count,), generator)}


def attribute_batch(count: int, generator: torch.Generator) -> tuple[Labels, Batch]:
    """A batch with CelebA's attributes, all of them known."""
    return numbered_labels(ATTRIBUTES), {
        "label": random_integers(2, (count, ATTRIBUTES), generator)
    }


def identity_batch(count: int, generator: torch.Generator) -> tuple[Labels, Batch]:
    """A batch of about as many identities as CelebA has; no output stands for one."""
    return Labels(PEOPLE, [], [], []), {"label": random_integers(PEOPLE, (count,), generator)}


def cell_batch(count: int, generator: torch.Generator) -> tuple[Labels, Batch]:
    """Cells of a partition by places drawn evenly over the Earth."""
    rng = np.random.default_rng(0)
    latitude = np.degrees(np.arcsin(rng.uniform(-1, 1, PLACES)))
    longitude = rng.uniform(-180, 180, PLACES)
    partition = build_partition([Coordinates(None, latitude, longitude)], FULL_CELL, 1)
    labels = labels_of_cells(partition)
    label = random_integers(len(partition), (count,), generator)
    position = torch.from_numpy(partition.centres[label.numpy()]).float()
    return labels, {"label": label, "position": position}


KINDS: dict[str, Callable[[int, torch.Generator], tuple[Labels, Batch]]] = {
    "classification": class_batch,
    "attributes": attribute_batch,
    "face_embedding": identity_batch,
    "geolocation": cell_batch,
}


def numbered_labels(count: int) -> Labels:
    """Labels of so many outputs, each named by its number."""
    return Labels(count, list(range(count)), list(range(count)), [str(i) for i in range(count)])


def random_integers(below: int, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """int64 of this shape, from 0 to below a number."""
    return torch.randint(0, below, shape, generator=generator)
