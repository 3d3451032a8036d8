"""What a score is worth: answers that need no network."""

from collections.abc import Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from tasks.geolocation.data import PlaceData
from tasks.geolocation.metrics import GeolocationScore

SIDE = 32  # pixels of a picture that is enough for its colours
BINS = 4  # of each of red, green and blue
CHUNK = 512  # photographs compared at a time


def baselines(
    data: PlaceData, radii_km: Sequence[float], photographs: int
) -> dict[str, dict[str, float]]:
    """The scores of two answers to the photographs that are reported.

    - the position of the cell with the most photographs, whatever the picture;
    - the position of the training photograph whose colours are nearest, see `nearest`.

    Args:
        data: set up.
        radii_km: see GeolocationScore.
        photographs: training photographs that the second looks through, drawn by chance (of a
            stream, the first of an epoch).
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
    if "train" in data.datasets:
        seen, queries = [], []
        batches = data.some_small("train", (SIDE, SIDE), photographs)
        for batch in islice(batches, -(-photographs // 128)):
            seen.append((histograms(batch["image"]), batch["label"], batch["position"]))
        for batch in data.some_small(data.reported, (SIDE, SIDE)):
            queries.append(histograms(batch["image"]))
        gallery, cells, positions = map(torch.cat, zip(*seen, strict=True))
        found = nearest(torch.cat(queries), gallery)
        scores["nearest colours"] = score(cells[found].numpy(), positions[found].numpy())
    return scores


def histograms(images: Tensor) -> Tensor:
    """Shares of an image's pixels in 4 x 4 x 4 boxes of colours: uint8[B, 3, H, W] ->
    float32[B, 64]."""
    red, green, blue = (images.long() // (256 // BINS)).unbind(1)
    box = (red * BINS + green) * BINS + blue
    box = box.flatten(1)
    counts = torch.zeros(len(images), BINS**3)
    return counts.scatter_add_(1, box, torch.ones(box.shape)) / box.shape[1]


def nearest(queries: Tensor, gallery: Tensor) -> Tensor:
    """int64[Q]: for each of [Q, D] the row of [G, D] at the smallest sum of absolute differences,
    the first of equals."""
    return torch.cat([torch.cdist(part, gallery, p=1).argmin(1) for part in queries.split(CHUNK)])
