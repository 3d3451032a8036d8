"""The scores of geolocation: how far from the truth a set of answers is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from tasks.geolocation.partition import Partition
from tasks.geolocation.sphere import great_circle_km

# street, city, region, country, continent: the radii of Weyand et al. and everyone since
RADII_KM = (1.0, 25.0, 200.0, 750.0, 2500.0)


@dataclass(frozen=True)
class GeolocationResult:
    """The scores; -1 where no photograph was scored."""

    metrics: dict[str, float]
    """within_1_km ... within_2500_km and cell_accuracy as fractions 0..1, median_km in km."""
    distances: np.ndarray
    """float64[N] km, in the order of the updates."""


class GeolocationScore:
    """Great-circle distances over a whole data set, collected batch by batch on the CPU.

    The scores are the shares of photographs placed within each radius of where they were taken, as
    PlaNet and its successors report them (arXiv 1602.05314), the median distance, and the share of
    photographs in the right cell. A photograph taken outside all cells counts as wrong.

    Args:
        partition: its cells are what the predictions name.
        radii_km: distances, each of which gives one score.
    """

    def __init__(self, partition: Partition, radii_km: Sequence[float] = RADII_KM):
        self.partition, self.radii_km = partition, tuple(radii_km)
        self.merge([])

    def update(self, prediction: dict[str, Tensor], target: Tensor) -> None:
        """Take in a batch.

        Args:
            prediction: `position` float[B, 2], latitude and longitude in degrees; `cell` int[B].
            target: float[B, 2], latitude and longitude where the photographs were taken.

        Raises:
            InputError: a target that is not a position on Earth.
        """
        truth = target.detach().cpu().double().numpy()
        position = prediction["position"].detach().cpu().double().numpy()
        cell = prediction["cell"].detach().cpu().numpy()
        self._distances.append(great_circle_km(*truth.T, *position.T))
        true_cell = self.partition.cell_of(*truth.T)
        self._right += int(((cell == true_cell) & (true_cell >= 0)).sum())

    @property
    def state(self) -> dict[str, Any]:
        """What `update` collected: distances float64[N] in km, and the number of right cells."""
        return {"distances": np.concatenate(self._distances), "right": self._right}

    def merge(self, states: Sequence[dict[str, Any]]) -> None:
        """Replace what was collected with the states of all processes, including this one's."""
        self._distances = [np.zeros(0), *(state["distances"] for state in states)]
        self._right: int = sum(state["right"] for state in states)

    def compute(self) -> GeolocationResult:
        """Score everything that was collected."""
        distances = np.concatenate(self._distances)
        names = [f"within_{radius:g}_km" for radius in self.radii_km]
        values = [-1.0] * (len(names) + 2)
        if distances.size:
            values = [float((distances <= radius).mean()) for radius in self.radii_km]
            values += [float(np.median(distances)), self._right / distances.size]
        names += ["median_km", "cell_accuracy"]
        return GeolocationResult(dict(zip(names, values, strict=True)), distances)
