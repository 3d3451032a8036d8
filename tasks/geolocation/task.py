"""Training and scoring a network that says where on Earth a photograph was taken."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from backbone.errors import InputError
from tasks.data.module import Labels
from tasks.geolocation import s2
from tasks.geolocation.baselines import baselines
from tasks.geolocation.data import PlaceData
from tasks.geolocation.drawing import FADED, MAP_PIXELS, beside_a_map, distance_curves
from tasks.geolocation.exif import NoPositionError, gps_position
from tasks.geolocation.hierarchy import hierarchy_levels
from tasks.geolocation.metrics import RADII_KM, GeolocationScore
from tasks.geolocation.names import place_name, token
from tasks.geolocation.partition import Partition
from tasks.geolocation.planet import Cells
from tasks.geolocation.sphere import great_circle_km
from tasks.geolocation.stream import ShardStream
from tasks.geolocation.world_map import WorldMap
from tasks.images.crops import central_box
from tasks.images.files import Box, open_image
from tasks.images.preprocessing import Preprocess
from tasks.training.recipe import Recipe
from tasks.training.task import Batch, Task


class Planet(Task):
    """Geolocation as classification over the cells of a partition of the sphere.

    Weyand, Kostrikov and Philbin, "PlaNet" (arXiv 1602.05314), with the MobileNet paper's network
    (section 4.4, Table 11). Scored by the shares of photographs placed within some radii.

    Args:
        head: images -> logits of all cells; see `backbone.classifier.Classifier`.
        labels: with the partition, which every checkpoint thus holds.
        recipe, seed: see Task.
        coarser: multiples of t_max of coarser partitions, see `hierarchy_levels`.
        smoothing_km: tau of targets that fall with distance, see `planet.soft_targets`; 0: none.
        radii_km: distances that shares are given for.
        monitor_km: the one of them whose share picks the best checkpoint.
        baseline_photographs: training photographs that the nearest-colours baseline looks through.
        crop_fraction, augment, flip, brightness, contrast, saturation: see Classification. A flip
            exchanges the sides of the road.

    Raises:
        InputError: labels of another task; coarser partitions or radii that make no sense.
    """

    def __init__(
        self,
        head: nn.Module,
        labels: Labels,
        recipe: Recipe,
        seed: int,
        coarser: Sequence[float] = (),
        smoothing_km: float = 0.0,
        radii_km: Sequence[float] = RADII_KM,
        monitor_km: float = 750.0,
        baseline_photographs: int = 10_000,
        crop_fraction: float = 0.875,
        augment: bool = True,
        flip: float = 0.0,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
    ):
        super().__init__(head, labels, recipe, seed)
        if labels.partition is None:
            raise InputError("task=planet needs outputs that are cells of a partition")
        if monitor_km not in radii_km:
            raise InputError(
                f"task.module.monitor_km={monitor_km:g} must be one of task.module.radii_km="
                f"{[f'{radius:g}' for radius in radii_km]}: its share picks the best checkpoint"
            )
        if smoothing_km < 0:
            raise InputError(
                f"task.module.smoothing_km={smoothing_km} is a distance: 75 is PIGEON's, 0 is none"
            )
        self.monitor = f"within_{monitor_km:g}_km"
        self.partition = Partition.from_dict(labels.partition)
        self.cells = Cells(hierarchy_levels(self.partition, coarser), smoothing_km)
        self.radii_km, self.baseline_photographs = tuple(radii_km), baseline_photographs
        self.crop_fraction, self.augment = crop_fraction, augment
        self.compared: dict[str, dict[str, float]] = {}
        self.preprocess = Preprocess(
            head.trunk.normalization, flip, brightness, contrast, saturation
        )

    def terms(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy of each level's cells, for `label` and `position`."""
        return self.cells.loss(outputs, batch["label"], batch["position"])

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """The most probable cell, its photographs' mean position, and all cells' probabilities;
        see `Cells.answer`."""
        return self.cells.answer(self.head(self.preprocess(batch["image"])))

    def target(self, batch: Batch) -> Tensor:
        """Where the photographs were taken."""
        return batch["position"]

    def view(self, width: int, height: int, size: tuple[int, int]) -> Box:
        """The central part that evaluation looks at."""
        return central_box(width, height, self.crop_fraction, size)

    def describe(self, prediction: dict[str, Tensor], index: int) -> dict[str, Any]:
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

    def baselines(self, data: PlaceData) -> dict[str, dict[str, float]]:
        """The scores of answers that need no network, see `baselines.baselines`."""
        self.compared = baselines(data, self.radii_km, self.baseline_photographs)
        return self.compared

    def plot(self, data: PlaceData, folder: Path, images: int = 4) -> None:
        """How far off the answers are, and the heat maps of some photographs."""
        distance_curves(self.result, self.radii_km, self.compared, folder / "distances.png")
        index, dataset = data.indices[data.reported], data.datasets[data.reported]
        chosen = np.linspace(0, len(index) - 1, min(images, len(index))).astype(int).tolist()
        batch = data.collate([dataset[i] for i in chosen])
        with torch.inference_mode():
            self.eval()
            prediction = self.predict({"image": batch["image"].to(self.device)})
        folder.mkdir(parents=True, exist_ok=True)
        for k, i in enumerate(chosen):
            answer = self.describe(prediction, k)
            off = great_circle_km(*index.positions[i], *answer["position"])
            answer |= {"true_position": index.positions[i].tolist(), "distance_km": float(off)}
            picture = self.draw(open_image(index.path(i)), answer)
            picture.save(folder / f"heat_map_{k + 1}.png")

    def make_metric(self, data: PlaceData, split: str) -> GeolocationScore:
        """Shares within the radii on a split."""
        return GeolocationScore(self.partition, self.radii_km)

    def on_train_epoch_end(self) -> None:
        """Sum up what all processes' streams left out."""
        super().on_train_epoch_end()
        data = self.trainer.datamodule
        stream = data.datasets["train"]
        if not isinstance(stream, ShardStream):
            return
        counts = [stream.counts]
        if self.trainer.world_size > 1:
            counts *= self.trainer.world_size
            torch.distributed.all_gather_object(counts, stream.counts)
        data.left_out = sum(counts, Counter())

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse a checkpoint of another partition.

        Raises:
            InputError: names both.
        """
        values = checkpoint["labels"].get("partition")
        theirs = Partition.from_dict(values).hash if values else "none"
        if theirs != self.partition.hash:
            raise InputError(
                f"the checkpoint is of partition {theirs[:12]}, and the data give partition "
                f"{self.partition.hash[:12]}: the training photographs or the file of cells have "
                "changed since. Name the checkpoint with data.partition= to keep its partition, "
                "or start over with fresh=true"
            )
