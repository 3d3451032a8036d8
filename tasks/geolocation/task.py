"""The task of finding where on Earth a photograph was taken."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from backbone.errors import InputError
from backbone.head import Head
from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.geolocation.baselines import baselines
from tasks.geolocation.data import PlaceData
from tasks.geolocation.hierarchy import hierarchy_levels
from tasks.geolocation.metrics import RADII_KM, GeolocationScore
from tasks.geolocation.partition import PARTITION, Partition
from tasks.geolocation.planet import Cells
from tasks.geolocation.presenter import PlacePresenter
from tasks.training.metric import Prediction, gather_all
from tasks.training.task import Task


class Planet(Task[PlaceData]):
    """Geolocation as classification over the cells of a partition of the sphere.

    This is "PlaNet" of Weyand, Kostrikov and Philbin (arXiv 1602.05314) with the MobileNet paper's
    network (section 4.4, Table 11). The scores are the shares of photographs that are located
    within given radii of where they were taken.

    Args:
        head: images -> logits of all cells; see `backbone.classifier.Classifier`.
        labels: with the partition in their details, so that every checkpoint contains it.
        coarser: multiples of t_max for coarser partitions, see `hierarchy.hierarchy_levels`.
        smoothing_km: tau of targets that decrease with distance, see `planet.soft_targets`; 0: only
            the true cell is a target.
        radii_km: the radii of the scores.
        monitor_km: the radius whose score picks the best checkpoint.
        baseline_photographs: number of training photographs that the nearest-colours baseline uses.
        options: see Task.

    Raises:
        InputError: the labels are of another task; or coarser partitions or radii are out of range.
    """

    units: ClassVar[Mapping[str, str]] = {"median_km": "km"}
    deploys: ClassVar[Mapping[str, str]] = {
        "cell": "the most probable cell: its place among labels, from 0",
        "position": "latitude and longitude of that cell's photographs, in degrees",
        "probabilities": "of each cell, 0..1, in the order of labels",
    }
    falling = frozenset({"median_km"})

    def __init__(
        self,
        head: Head,
        labels: Labels,
        coarser: Sequence[float] = (),
        smoothing_km: float = 0.0,
        radii_km: Sequence[float] = RADII_KM,
        monitor_km: float = 750.0,
        baseline_photographs: int = 10_000,
        **options: Any,
    ):
        super().__init__(head, labels, **options)
        if PARTITION not in labels.details:
            raise InputError(
                "task=planet needs outputs that are cells of a partition: use data of photographs "
                "with coordinates, such as data=places"
            )
        if monitor_km not in radii_km:
            raise InputError(
                f"task.module.monitor_km={monitor_km:g} must be one of task.module.radii_km="
                f"{[f'{radius:g}' for radius in radii_km]}: its share picks the best checkpoint"
            )
        if smoothing_km < 0:
            raise InputError(
                f"task.module.smoothing_km={smoothing_km} must be 0 (no smoothing) or a distance, "
                "such as PIGEON's 75"
            )
        self.monitor = f"within_{monitor_km:g}_km"
        self.partition = Partition.from_dict(labels.details[PARTITION])
        self.cells = Cells(hierarchy_levels(self.partition, coarser), smoothing_km)
        if sum(self.cells.sizes) != labels.num_classes:
            raise InputError(
                f"task.module.coarser={list(coarser)} needs {sum(self.cells.sizes):,} outputs, but "
                f"the data have labels for {labels.num_classes:,}: set only data.coarser, which "
                "both follow"
            )
        self.radii_km, self.baseline_photographs = tuple(radii_km), baseline_photographs

    def terms(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The cross-entropy of each level's cells, from a batch's `label` and `position`."""
        return self.cells.loss(outputs, batch["label"], batch["position"])

    def predict(self, batch: Batch) -> Prediction:
        """The most probable cell, its position and all probabilities, see `Cells.answer`."""
        return self.cells.answer(self.head(self.preprocess(batch["image"])))

    def target(self, batch: Batch) -> Tensor:
        """The positions where the photographs were taken."""
        return batch["position"]

    def present(self) -> PlacePresenter:
        """The presenter that describes and draws places."""
        return PlacePresenter(self.labels, self.partition, self.radii_km)

    def baselines(self, data: PlaceData) -> dict[str, dict[str, float]]:
        """Scores of answers that need no network, see `baselines.baselines`."""
        return baselines(data, self.radii_km, self.baseline_photographs)

    def make_metric(self, data: PlaceData, split: str) -> GeolocationScore:
        """A new metric of distances, for any split."""
        return GeolocationScore(self.partition, self.radii_km)

    def on_train_epoch_end(self) -> None:
        """Add up what the streams of all processes have left out."""
        super().on_train_epoch_end()
        stream = self.data.stream
        if stream is not None:
            counts = gather_all(stream.counts, self.trainer.world_size)
            self.data.left_out["train"] = dict(sum(counts, Counter()))

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse a checkpoint of another partition.

        Raises:
            InputError: the message names both partitions.
        """
        labels = checkpoint["labels"]
        # version 0.1.0 kept the partition among the labels themselves
        values = labels.get("details", labels).get(PARTITION)
        theirs = Partition.from_dict(values).hash if values else "none"
        if theirs != self.partition.hash:
            raise InputError(
                f"the checkpoint is of partition {theirs[:12]}, but the data give partition "
                f"{self.partition.hash[:12]}: the training photographs or the file of cells have "
                "changed. Keep the checkpoint's partition by naming the checkpoint with "
                "data.partition=, or start over with fresh=true"
            )
