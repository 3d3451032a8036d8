"""Answers that need no network, for comparison with a score."""

from collections.abc import Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from tasks.geolocation.data import PlaceData
from tasks.geolocation.metrics import GeolocationScore

SIDE = 32  # pixels: enough for an image's colours
BINS = 4  # for each of red, green and blue
CHUNK = 512  # photographs that are compared at a time


def baselines(
    data: PlaceData, radii_km: Sequence[float], photographs: int
) -> dict[str, dict[str, float]]:
    """The scores of two simple answers on the reported split.

    - the position of the cell with the most photographs, for every image;
    - the position of the training photograph with the nearest colours, see `nearest`.

    Args:
        data: set up.
        radii_km: see GeolocationScore.
        photographs: number of training photographs that the second answer searches, chosen at
            random (of a stream, the first ones of an epoch).
    """
    partition = data.partition
    val = data.indices[data.reported]
    truth = torch.from_numpy(val.positions)

    def score(cell: np.ndarray, position: np.ndarray) -> dict[str, float]:
        metric = GeolocationScore(partition, radii_km)
        answer = {"cell": torch.from_numpy(cell), "position": torch.from_numpy(position)}
        metric.update(answer, truth)
        return metric.compute().metrics

    most = np.full(len(val), partition.counts.argmax())
    scores = {"most frequent cell": score(most, partition.centres[most])}
    if data.trains:
        seen, queries = [], []
        batches = data.thumbnails("train", (SIDE, SIDE), photographs)
        for batch in islice(batches, -(-photographs // 128)):
            seen.append((histograms(batch["image"]), batch["label"], batch["position"]))
        for batch in data.thumbnails(data.reported, (SIDE, SIDE)):
            queries.append(histograms(batch["image"]))
        gallery, cells, positions = map(torch.cat, zip(*seen, strict=True))
        found = nearest(torch.cat(queries), gallery)
        scores["nearest colours"] = score(cells[found].numpy(), positions[found].numpy())
    return scores


def histograms(images: Tensor) -> Tensor:
    """The shares of each image's pixels in 4 x 4 x 4 bins of colour.

    Args:
        images: uint8[B, 3, H, W].

    Returns:
        float32[B, 64].
    """
    red, green, blue = (images.long() // (256 // BINS)).unbind(1)
    box = (red * BINS + green) * BINS + blue
    box = box.flatten(1)
    counts = torch.zeros(len(images), BINS**3)
    return counts.scatter_add_(1, box, torch.ones(box.shape)) / box.shape[1]


def nearest(queries: Tensor, gallery: Tensor) -> Tensor:
    """The nearest row of the gallery, by the sum of absolute differences; of equals the first one.

    Args:
        queries: float[Q, D].
        gallery: float[G, D].

    Returns:
        int64[Q], rows of the gallery.
    """
    return torch.cat([torch.cdist(part, gallery, p=1).argmin(1) for part in queries.split(CHUNK)])
