"""The answers about where a photograph was taken, in words and pictures."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.data.module import DataModule
from tasks.geolocation import s2
from tasks.geolocation.drawing import FADED, MAP_PIXELS, distance_curves, draw_with_map, map_alone
from tasks.geolocation.exif import NoPositionError, gps_position
from tasks.geolocation.metrics import GeolocationResult
from tasks.geolocation.names import place_name, token
from tasks.geolocation.partition import Partition
from tasks.geolocation.sphere import great_circle_km
from tasks.geolocation.world_map import WorldMap
from tasks.images.files import open_image
from tasks.images.sheets import write_png
from tasks.training.metric import Prediction
from tasks.training.presenter import Picture, Presenter, spread


class PlacePresenter(Presenter):
    """Describes, tells and draws cells, positions and heat maps.

    Args:
        labels: see Presenter.
        partition: of the cells.
        radii_km: the radii of the scores.
    """

    shown = 4

    def __init__(self, labels: Labels, partition: Partition, radii_km: Sequence[float]):
        super().__init__(labels)
        self.partition, self.radii_km = partition, radii_km

    def describe(self, prediction: Prediction, index: int) -> dict[str, Any]:
        """The answer for one photograph, as plain values for JSON.

        Returns:
            `position`, latitude and longitude in degrees; `cells`, the five most probable, best
            first; `distribution`, token -> probability of each cell that is at least a thousandth
            as probable as the best.
        """
        probabilities = prediction["probabilities"][index].double().cpu().numpy()
        order = np.argsort(-probabilities, kind="stable")
        shown = order[probabilities[order] >= probabilities[order[0]] / FADED]
        return {
            "position": prediction["position"][index].double().cpu().numpy().round(4).tolist(),
            "cells": [self._cell(i, probabilities[i]) for i in order[:5].tolist()],
            "distribution": {
                token(self.partition.cells[i]): float(f"{probabilities[i]:.3g}")
                for i in shown.tolist()
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
        """Where the photograph was taken according to its EXIF data, and the answer's distance."""
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
        """The best cells with their probabilities and, if it is known, the true position."""
        text = ", ".join(
            f"{place_name(c['latitude'], c['longitude'])} {c['probability']:.3f}"
            for c in answer["cells"]
        )
        if "distance_km" not in answer:
            return text
        taken = place_name(*answer["true_position"])
        return f"{text}; taken at {taken}, {answer['distance_km']:,.0f} km off"

    def draw(self, image: Image.Image, answer: dict[str, Any]) -> Image.Image:
        """The photograph beside its heat map, with the true position if it is known."""
        return draw_with_map(image, answer, self.world, self._probabilities(answer))

    def panel(self, answer: dict[str, Any]) -> Image.Image:
        """The heat map."""
        return map_alone(answer, self.world, self._probabilities(answer))

    def _probabilities(self, answer: dict[str, Any]) -> np.ndarray:
        """Of each cell, float[C]; NaN where an answer leaves it out."""
        numbers = {token(cell): i for i, cell in enumerate(self.partition.cells)}
        values = np.full(len(self.partition), np.nan)
        for cell, probability in answer["distribution"].items():
            values[numbers[cell]] = probability
        return values

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
        """The curve of distances, and the heat maps of some photographs."""
        rows = spread(len(data.indices[data.reported]), self.shown)
        maps: dict[str, Picture] = {
            f"heat_map_{k}.png": partial(self.heat_map, data, predict, row)
            for k, row in enumerate(rows, start=1)
        }
        return {
            "distances.png": lambda path: distance_curves(result, self.radii_km, baselines, path),
            **maps,
        }

    def heat_map(
        self, data: DataModule, predict: Callable[[Batch], Prediction], row: int, path: Path
    ) -> None:
        """Write one photograph of the reported split beside its heat map."""
        batch = data.batch(data.reported, [row])
        answer = self.describe(predict(batch), 0)
        position = batch["position"][0].tolist()
        off = float(great_circle_km(*position, *answer["position"]))
        answer |= {"true_position": position, "distance_km": off}
        image = open_image(data.indices[data.reported].path(row))
        write_png(self.draw(image, answer), path)
