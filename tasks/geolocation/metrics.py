"""The scores of geolocation: how far a set of answers is from the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from tasks.geolocation.partition import Partition
from tasks.geolocation.sphere import great_circle_km
from tasks.runs.bootstrap import Resampling, Scorer, shares

# street, city, region, country, continent: the radii of Weyand et al. and of everyone since
RADII_KM = (1.0, 25.0, 200.0, 750.0, 2500.0)


@dataclass(frozen=True)
class GeolocationResult:
    """The scores; -1 if no photograph was scored."""

    metrics: dict[str, float]
    """within_1_km ... within_2500_km and cell_accuracy as fractions 0..1, median_km in km."""
    distances: np.ndarray
    """float64[N] km, in the order of the updates."""
    resamplings: Sequence[Resampling] = ()
    """The same scores for other draws of the photographs; none if their rows are not known."""


class GeolocationScore:
    """Great-circle distances over a whole data set, collected batch by batch on the CPU.

    The scores are the shares of photographs located within each radius of where they were taken, as
    in PlaNet and its successors (arXiv 1602.05314), the median distance, and the share of
    photographs in the right cell. A photograph taken outside all cells counts as wrong.

    Args:
        partition: the predictions name its cells.
        radii_km: distances, each of which gives one score.
    """

    def __init__(self, partition: Partition, radii_km: Sequence[float] = RADII_KM):
        self.partition, self.radii_km = partition, tuple(radii_km)
        self.merge([])

    def update(self, prediction: dict[str, Tensor], target: Tensor) -> None:
        """Add a batch.

        Args:
            prediction: `position` float[B, 2], latitude and longitude in degrees; `cell` int[B];
                for the intervals also `image_id` int[B], rows of the split.
            target: float[B, 2], latitude and longitude where the photographs were taken.

        Raises:
            InputError: a target is not a position on Earth.
        """
        truth = target.detach().cpu().double().numpy()
        position = prediction["position"].detach().cpu().double().numpy()
        cell = prediction["cell"].detach().cpu().numpy()
        true_cell = self.partition.cell_of(*truth.T)
        row = prediction.get("image_id")
        self._seen.append(
            {
                "distances": great_circle_km(*truth.T, *position.T),
                "right": (cell == true_cell) & (true_cell >= 0),
                "truth": truth,
                "image": np.zeros(0, np.int64) if row is None else row.detach().cpu().numpy(),
            }
        )

    @property
    def state(self) -> dict[str, Any]:
        """What `update` collected: distances float64[N] in km, right bool[N], whether the cell is,
        truth float64[N, 2] in degrees, and image int64[N], or [0] if the rows are not known."""
        return {name: np.concatenate([s[name] for s in self._seen]) for name in self._seen[0]}

    def merge(self, states: Sequence[dict[str, Any]]) -> None:
        """Replace what was collected with the states of all processes, including this one's."""
        empty = {"distances": np.zeros(0), "right": np.zeros(0, bool)}
        empty |= {"truth": np.zeros((0, 2)), "image": np.zeros(0, np.int64)}
        self._seen: list[dict[str, np.ndarray]] = [empty, *states]

    def compute(self) -> GeolocationResult:
        """Score everything that was collected."""
        state = self.state
        distances, right = state["distances"], state["right"]
        names = [f"within_{radius:g}_km" for radius in self.radii_km]
        values = [-1.0] * (len(names) + 2)
        if distances.size:
            values = [float((distances <= radius).mean()) for radius in self.radii_km]
            values += [float(np.median(distances)), float(right.mean())]
        names += ["median_km", "cell_accuracy"]
        order = state["image"].argsort(kind="stable")
        resampling = Resampling(
            "photographs",
            state["image"][order],
            [state["truth"][order]],
            lambda: distance_scorer(distances[order], right[order], self.radii_km),
        )
        known = distances.size and order.size == distances.size
        metrics = dict(zip(names, values, strict=True))
        return GeolocationResult(metrics, distances, [resampling] if known else [])


def distance_scorer(distances: np.ndarray, right: np.ndarray, radii_km: Sequence[float]) -> Scorer:
    """The scores of `GeolocationScore` as a function of how often each photograph counts.

    Args:
        distances: float64[N], in km.
        right: bool[N], whether the cell is right.
    """
    order = distances.argsort(kind="stable")
    rising = distances[order]

    def scores(counts: np.ndarray) -> dict[str, np.ndarray]:
        found = {f"within_{r:g}_km": shares(counts, distances <= r) for r in radii_km}
        seen, total = counts[:, order].cumsum(1), counts.shape[1]
        middle = [rising[(seen > rank).argmax(1)] for rank in ((total - 1) // 2, total // 2)]
        found["median_km"] = (middle[0] + middle[1]) / 2
        return found | {"cell_accuracy": shares(counts, right)}

    return scores
