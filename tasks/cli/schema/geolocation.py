"""Options of geolocation: its data sets, its task and its benchmark."""

from typing import Annotated

from pydantic import AfterValidator, Field

from tasks.cli.schema.data import ClassesOptions
from tasks.cli.schema.node import Described, option
from tasks.cli.schema.task import TimingOptions
from tasks.cli.schema.types import Count, Part, Path, Said, Whole, falling

Kilometres = Annotated[float, Field(gt=0, le=20_038)]


class PhotographSetOptions(ClassesOptions):
    """What every set of photographs with coordinates has"""

    partition: Path | None = option(
        "file written by python -m tasks.geolocation.cells, or a best.ckpt; null: build one from "
        "the training photographs"
    )
    t_max: Count | None = option(
        "split a cell with more photographs than this; null: a fortieth of all, at most 10,000",
        unit="photographs",
    )
    t_min: Count | None = option(
        "leave out a cell with fewer photographs than this; null: t_max / 200, at least 5",
        unit="photographs",
    )
    max_level: int = option(
        "level of the finest cells: 8 is about 36 km wide, 13 about 1 km",
        unit="S2 level",
        ge=0,
        le=13,
    )
    coarser: Annotated[
        list[Annotated[float, Field(gt=1)]],
        AfterValidator(falling),
        Said("a list of falling numbers above 1, such as [5,2]"),
    ] = option(
        "multiples of t_max that give coarser partitions; their probabilities are multiplied "
        "with the finest one's"
    )
    allow_missing: bool = option("go on if listed photographs are missing")


class PlaceListsOptions(PhotographSetOptions):
    """Lists of photographs (places)"""

    train: Path | None = option("list of training photographs; null: none, for mode=evaluate")
    val: Path = option("list of validation photographs")
    train_images: Path = option("folder of the training photographs")
    val_images: Path = option("folder of the validation photographs")


class GpsFoldersOptions(PhotographSetOptions):
    """Photographs with EXIF positions (gps_photographs)"""

    train: Path | None = option("folder of training photographs; null: none, for mode=evaluate")
    val: Path = option("folder of validation photographs")
    val_fraction: Part | None = option(
        "the photographs are in root itself, and this share is for validation; null: they are in "
        "train and val"
    )


class ShardedPlacesOptions(PhotographSetOptions):
    """Tar files of photographs (place_shards)"""

    train: Path | None = option(
        "names of the tar files, with ranges such as {000..999}; or pipe:COMMAND, or URLs"
    )
    train_photographs: Count | None = option(
        "number of photographs in the tar files, which gives the steps of an epoch; null: as many "
        "as the partition was built from",
        unit="photographs",
    )
    shuffle: Whole = option(
        "photographs in the shuffle buffer of each loader process", unit="photographs"
    )
    val: Path = option("list of validation photographs")
    val_images: Path = option("folder of the validation photographs")


class PlanetOptions(Described):
    """Geolocation"""

    smoothing_km: float = option(
        "spread the target over nearby cells, over about this distance; PIGEON uses 75; 0: only "
        "the true cell is right",
        unit="km", ge=0, le=20_038,
    )  # fmt: skip
    radii_km: Annotated[list[Kilometres], Field(min_length=1)] = option(
        "report the share of photographs that are located within each of these distances",
        unit="km",
    )
    monitor_km: Kilometres = option(
        "the one of radii_km whose share picks the best checkpoint", unit="km"
    )
    baseline_photographs: Count = option(
        "training photographs that the nearest-colours baseline searches", unit="photographs"
    )


class CountingOptions(TimingOptions):
    """Benchmark of geolocation"""

    cells: Annotated[list[Count], Field(min_length=1)] = option(
        "numbers of cells to count the cost for"
    )
