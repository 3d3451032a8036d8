"""What is said and shown of where a photograph was taken."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasks.data.module import Batch, DataModule, Labels
from tasks.geolocation import s2
from tasks.geolocation.drawing import FADED, MAP_PIXELS, beside_a_map, distance_curves
from tasks.geolocation.exif import NoPositionError, gps_position
from tasks.geolocation.metrics import GeolocationResult
from tasks.geolocation.names import place_name, token
from tasks.geolocation.partition import Partition
from tasks.geolocation.photographs import PlaceIndex
from tasks.geolocation.sphere import great_circle_km
from tasks.geolocation.world_map import WorldMap
from tasks.images.files import open_image
from tasks.training.metric import Prediction
from tasks.training.presenter import Picture, Presenter, spread


class PlacePresenter(Presenter):
    """Cells, positions and heat maps.

    Args:
        labels: see Presenter.
        partition: whose cells they are.
        radii_km: distances that shares are given for.
    """

    shown = 4

    def __init__(self, labels: Labels, partition: Partition, radii_km: Sequence[float]):
        super().__init__(labels)
        self.partition, self.radii_km = partition, radii_km

    def describe(self, prediction: Prediction, index: int) -> dict[str, Any]:
        """One photograph's answer, as plain values for JSON.

        `position`, degrees; `cells`, the five most probable ones, best first; `distribution`, the
        probability of each cell that is at least a thousandth as probable as the best.
        """
        probabilities = prediction["probabilities"][index].double().cpu().numpy()
        order = np.argsort(-probabilities, kind="stable")
        seen = order[probabilities[order] >= probabilities[order[0]] / FADED]
        return {
            "position": prediction["position"][index].double().cpu().numpy().round(4).tolist(),
            "cells": [self._cell(i, probabilities[i]) for i in order[:5].tolist()],
            "distribution": {
                token(self.partition.cells[i]): float(f"{probabilities[i]:.3g}")
                for i in seen.tolist()
            },
        }

    def _cell(self, i: int, probability: float) -> dict[str, Any]:
        latitude, longitude = self.partition.centres[i].round(4).tolist()
        cell = self.partition.cells[i]
        return {
            "cell": token(cell),
            "probability": round(float(probability), 4),
            "latitude": latitude,
            "longitude": longitude,
            "across_km": round(s2.area_km2(cell) ** 0.5, 1),
        }

    def compare(self, answer: dict[str, Any], path: Path) -> dict[str, Any]:
        """Where the photograph's EXIF data say it was taken, and how far off the answer is."""
        try:
            position = gps_position(path)
        except NoPositionError:
            return {}
        off = float(great_circle_km(*position, *answer["position"]))
        return {
            "true_position": [round(angle, 6) for angle in position],
            "distance_km": round(off, 1),
        }

    def tell(self, answer: dict[str, Any]) -> str:
        """The best cells and their probabilities, and how far off the first is where known."""
        text = ", ".join(
            f"{place_name(c['latitude'], c['longitude'])} {c['probability']:.3f}"
            for c in answer["cells"]
        )
        if "distance_km" not in answer:
            return text
        taken = place_name(*answer["true_position"])
        return f"{text}; taken at {taken}, {answer['distance_km']:,.0f} km off"

    def draw(self, image: Image.Image, answer: dict[str, Any]) -> Image.Image:
        """The photograph beside the heat map, the true position marked where it is known."""
        numbers = {token(cell): i for i, cell in enumerate(self.partition.cells)}
        values = np.full(len(self.partition), np.nan)
        for cell, probability in answer["distribution"].items():
            values[numbers[cell]] = probability
        return beside_a_map(image, answer, self.world, values)

    @cached_property
    def world(self) -> WorldMap:
        """The map of the partition."""
        return WorldMap(self.partition, MAP_PIXELS)

    def pictures(
        self,
        result: GeolocationResult,
        data: DataModule,
        predict: Callable[[Batch], Prediction],
        baselines: Mapping[str, Mapping[str, float]],
    ) -> dict[str, Picture]:
        """How far off the answers are, and the heat maps of some photographs."""
        rows = spread(len(data.indices[data.reported]), self.shown)
        maps: dict[str, Picture] = {
            f"heat_map_{k + 1}.png": lambda path, row=row: self.heat_map(data, predict, row, path)
            for k, row in enumerate(rows)
        }
        return {
            "distances.png": lambda path: distance_curves(result, self.radii_km, baselines, path),
            **maps,
        }

    def heat_map(
        self, data: DataModule, predict: Callable[[Batch], Prediction], row: int, path: Path
    ) -> None:
        """Write one photograph of the reported split beside its heat map."""
        index: PlaceIndex = data.indices[data.reported]
        answer = self.describe(predict(data.batch(data.reported, [row])), 0)
        position = index.positions[row].tolist()
        off = float(great_circle_km(*position, *answer["position"]))
        answer |= {"true_position": position, "distance_km": off}
        self.draw(open_image(index.path(row)), answer).save(path)
