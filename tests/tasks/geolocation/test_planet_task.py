import json

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import ExifTags, Image
from torch import nn

from backbone.errors import InputError
from tasks.benchmarks.planet import costs
from tasks.data.labels import Labels
from tasks.geolocation.cells import build_partition
from tasks.geolocation.coordinates import Coordinates
from tasks.geolocation.data import labels
from tasks.geolocation.names import place_name, token
from tasks.geolocation.partition import PARTITION
from tasks.geolocation.sphere import great_circle_km
from tasks.geolocation.task import Planet
from tests.tasks.geolocation.conftest import TOWNS, chunks


class Trunk(nn.Module):
    normalization = ((0.5,) * 3, (0.5,) * 3)


class Says(nn.Module):
    """A head whose answer is given."""

    def __init__(self, logits):
        super().__init__()
        self.trunk, self.logits = Trunk(), nn.Parameter(logits)

    def forward(self, images):
        return self.logits.expand(len(images), -1)


@pytest.fixture(scope="module")
def partition():
    return build_partition([Coordinates(None, *np.repeat(TOWNS, 9, axis=0).T)], 9, 1, 6)


def planet(partition, logits=None, coarser=(), **options):
    means = labels(partition, coarser)
    logits = torch.zeros(means.num_classes) if logits is None else logits
    return Planet(Says(logits), means, coarser=coarser, **options)


@pytest.fixture
def sure(partition):
    """Of the town that is the third cell."""
    return planet(partition, torch.tensor([1.0, 2.0, 9.0, -5.0, 4.0]).log_softmax(0))


def answer(task):
    batch = {"image": torch.zeros(2, 3, 8, 8, dtype=torch.uint8)}
    with torch.inference_mode():
        return task.present().describe(task.predict(batch), 1)


def test_an_answer_is_plain_values(sure, partition):
    said = answer(sure)
    assert json.loads(json.dumps(said)) == said
    assert said["position"] == pytest.approx(partition.centres[2], abs=1e-4)
    assert [cell["cell"] for cell in said["cells"]] == [
        token(partition.cells[i]) for i in (2, 4, 1, 0, 3)
    ]
    best = said["cells"][0]
    assert best["probability"] == pytest.approx(0.992, abs=1e-3)
    assert (best["latitude"], best["longitude"]) == tuple(partition.centres[2].round(4))
    # the others are less than a thousandth as probable, or a little more
    assert said["distribution"].keys() == {token(partition.cells[i]) for i in (2, 4)}
    assert said["distribution"][token(partition.cells[4])] == pytest.approx(0.00668, abs=1e-4)


def test_the_answer_in_one_line(sure, partition):
    said = answer(sure)
    assert sure.present().tell(said).startswith(f"{place_name(*partition.centres[2])} 0.99")
    told = sure.present().tell(said | {"true_position": [10.0, -20.0], "distance_km": 4321.4})
    assert told.endswith("; taken at 10.0°N 20.0°W, 4,321 km off")


def photo(path, **gps):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({ExifTags.GPS[k]: v for k, v in gps.items()})
    Image.new("RGB", (60, 40), (90, 120, 200)).save(path, exif=exif)
    return path


def test_the_files_own_position_is_compared(sure, tmp_path):
    gps = {"GPSLatitudeRef": "S", "GPSLatitude": (33.0, 51.0, 54.0)}
    gps |= {"GPSLongitudeRef": "E", "GPSLongitude": (151.0, 12.0, 36.0)}
    said = answer(sure)
    compared = sure.present().compare(said, photo(tmp_path / "a.jpg", **gps))
    assert compared["true_position"] == [-33.865, 151.21]
    off = great_circle_km(-33.865, 151.21, *said["position"])
    assert compared["distance_km"] == pytest.approx(off, abs=0.1)
    assert sure.present().compare(said, photo(tmp_path / "b.jpg")) == {}


@pytest.mark.slow
def test_the_picture_has_the_heat_map_and_both_marks(sure, tmp_path):
    said = answer(sure)
    image = Image.new("RGB", (300, 400), (0, 255, 255))
    plain = np.asarray(sure.present().draw(image, said))
    with_truth = said | {"true_position": [60.0, 100.0], "distance_km": 5000.0}
    marked = np.asarray(sure.present().draw(image, with_truth))
    assert plain.shape == marked.shape
    assert (plain == (0, 255, 255)).all(2).mean() > 0.05, "the photograph"
    changed = (plain != marked).any(2)
    assert 0.0005 < changed.mean() < 0.05, "a star and a line of the legend"
    flat = said | {"distribution": {token(c): 0.2 for c in sure.partition.cells}}
    assert (np.asarray(sure.present().draw(image, flat)) != plain).any(2).mean() > 0.0005


def test_the_loss_uses_cells_and_places(places):
    partition = build_partition(chunks(places), 60, 5)
    task = planet(partition, coarser=[4], smoothing_km=75.0)
    batch = {
        "image": torch.zeros(3, 3, 8, 8, dtype=torch.uint8),
        "label": torch.tensor([0, 1, 2]),
        "position": torch.tensor(partition.centres[:3]).float(),
    }
    terms = task.loss(batch)
    sizes = task.cells.sizes
    assert {k: v.item() for k, v in terms.items()} == {
        "cells": pytest.approx(np.log(sizes[0]), rel=1e-4),
        "coarser_1": pytest.approx(np.log(sizes[1]), rel=1e-4),
    }
    assert torch.equal(task.target(batch), batch["position"])


def test_options_out_of_range(partition):
    with pytest.raises(InputError, match=r"monitor_km=750 must be one of .*'10'"):
        planet(partition, radii_km=[10.0])
    assert planet(partition, radii_km=[10.0], monitor_km=10.0).monitor == "within_10_km"
    with pytest.raises(InputError, match="smoothing_km=-1"):
        planet(partition, smoothing_km=-1.0)
    with pytest.raises(InputError, match="cells of a partition"):
        Planet(Says(torch.zeros(3)), Labels(3, [0, 1, 2], [0, 1, 2], ["a", "b", "c"]))


def test_coarser_partitions_without_outputs(partition):
    with pytest.raises(InputError, match=r"coarser=\[3\] needs .* outputs.*labels for 5"):
        Planet(Says(torch.zeros(5)), labels(partition), coarser=[3])


def test_a_checkpoint_of_another_partition_is_refused(partition, places):
    task = planet(partition)
    task.on_load_checkpoint({"labels": labels(partition).to_dict()})
    task.on_load_checkpoint({"labels": {PARTITION: partition.to_dict()}})  # as 0.1.0 had it
    other = build_partition(chunks(places), 60, 5)
    said = f"is of partition {other.hash[:12]}, but the data give partition {partition.hash[:12]}"
    with pytest.raises(InputError, match=said):
        task.on_load_checkpoint({"labels": labels(other).to_dict()})


@pytest.mark.slow
def test_the_papers_cost(capsys):
    """Table 11: 13 M parameters and 0.58 G mult-adds; and PlaNet's own 26,263 cells."""
    config = OmegaConf.create(
        {
            "backbone": {"_target_": "backbone.mobilenet_v1.MobileNetV1", "weights": None},
            "size": 224,
            "task": {"paper": {"mult_adds": "0.58G", "parameters": "13M"}},
        }
    )
    result = costs(config, cells=[9800, 26263])
    paper, planet_cells = result["cost"].values()
    trunk = 568_740_352 - 1024 * 1000, 4_231_976 - 1025 * 1000
    assert paper == {
        "mult_adds": trunk[0] + 1024 * 9800,
        "parameters": trunk[1] + 1025 * 9800,
    }
    assert (round(paper["mult_adds"] / 1e9, 2), round(paper["parameters"] / 1e6)) == (0.58, 13)
    assert planet_cells["parameters"] == trunk[1] + 1025 * 26263
    assert "26,263    0.595 G     30.13 M" in result["table"]
