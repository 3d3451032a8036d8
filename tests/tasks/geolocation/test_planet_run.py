"""Geolocation from the command line: fit, score beside baselines, predict, score again, refuse."""

import csv
import json
import os
from pathlib import Path

import pytest
import torch
import yaml
from PIL import ExifTags, Image

from tasks import predict
from tasks.geolocation.partition import PARTITION, Partition
from tests.conftest import call, quick_options, result_of
from tests.tasks.geolocation.conftest import COLORS, TOWNS, write_places, write_shards

CHOICES = ["data.coarser=[2.5]", "task.module.smoothing_km=75.0"]


@pytest.fixture
def places(tmp_path) -> Path:
    return write_places(tmp_path / "places", {"train": 40, "val": 10})


def quick(places: Path, folder: Path) -> list[str]:
    """Options of runs that take seconds."""
    return [
        *("task=planet", "optimizer=adamw", "optimizer.ema_decay=null"),
        *("backbone.alpha=0.25", "size=32"),
        *(f"data.root={places}", "data.batch_size=8", "data.t_max=8", "data.t_min=2"),
        *("trainer.max_epochs=1", "trainer.log_every_n_steps=1"),
        *quick_options(folder),
    ]


@pytest.fixture
def options(places, tmp_path) -> list[str]:
    return quick(places, tmp_path)


@pytest.fixture(scope="module")
def trained(run, tmp_path_factory) -> Path:
    """The folder of a finished run, on the photographs of `places`."""
    folder = tmp_path_factory.mktemp("trained")
    options = quick(write_places(folder / "places", {"train": 40, "val": 10}), folder)
    answer = run(*options, *CHOICES, pictures=True)
    (path,) = (folder / "runs/planet").iterdir()
    (path / "said.txt").write_text(answer.out)
    return path


def test_a_run_scores_beside_baselines(trained):
    metrics, baselines = result_of(trained)["metrics"], result_of(trained)["baselines"]
    assert list(metrics) == [
        *(f"within_{r}_km" for r in (1, 25, 200, 750, 2500)),
        *("median_km", "cell_accuracy"),
    ]
    assert baselines["nearest colours"]["within_750_km"] == 1, "the colours tell the town"
    assert baselines["most frequent cell"]["within_750_km"] == pytest.approx(0.2)
    said = (trained / "said.txt").read_text()
    assert "most frequent cell  nearest colours  paper on Im2GPS" in said
    assert f"{metrics['median_km']:,.0f} km" in said
    assert "60.3" in said
    assert "evaluated 10 of 10 (val.csv)" in result_of(trained)["data"]
    pictures = {p.name for p in (trained / "plots").iterdir()}
    assert pictures == {
        *("distances.png", "learning_curves.png"),
        *(f"heat_map_{k}.png" for k in range(1, 5)),
    }
    names = {row["name"] for row in csv.DictReader((trained / "metrics.csv").open())}
    assert {"train/cells", "train/coarser_1", "val/within_750_km"} <= names


def test_the_checkpoint_holds_the_partition(trained):
    checkpoint = torch.load(trained / "best.ckpt", weights_only=True)
    partition = Partition.from_dict(checkpoint["labels"]["details"][PARTITION])
    assert partition.hash[:12] in result_of(trained)["data"]
    outputs = checkpoint["state_dict"]["head.fc.weight"].shape[0]
    assert outputs == len(checkpoint["labels"]["ids"]) > len(partition) == 5


def evaluate(run, options, trained, *more, code=0):
    return run(
        *options,
        "mode=evaluate",
        "trainer.max_epochs=0",
        "data.coarser=[2.5]",
        f"backbone.weights={trained / 'best.ckpt'}",
        *more,
        code=code,
    )


def test_evaluating_the_checkpoint_gives_the_reported_scores(run, trained, options, tmp_path):
    """Without training photographs: the checkpoint's own partition."""
    own = [f"data.partition={trained / 'best.ckpt'}", "data.train=null"]
    evaluate(run, options, trained, *own)
    (folder,) = (tmp_path / "runs/planet").iterdir()
    assert result_of(folder)["metrics"] == pytest.approx(result_of(trained)["metrics"])
    assert list(result_of(folder)["baselines"]) == ["most frequent cell"]


def test_training_on_nothing_is_refused(run, trained, options):
    answer = run(*options, f"data.partition={trained / 'best.ckpt'}", "data.train=null", code=2)
    assert "add mode=evaluate" in answer.err


def change(places):
    """Another list of training photographs: the cells stay, but not their answers."""
    path = places / "train.csv"
    lines = path.read_text().splitlines()
    latitude = lines[1].split(",")[1]
    path.write_text("\n".join([lines[0], lines[1].replace(latitude, "48.80001"), *lines[2:]]))


def test_evaluating_with_another_partition_is_refused(run, trained, options, places):
    change(places)
    answer = evaluate(run, options, trained, code=2)
    assert "other classes than here" in answer.err
    theirs = torch.load(trained / "best.ckpt", weights_only=True)["labels"]["details"][PARTITION]
    assert Partition.from_dict(theirs).hash[:12] in answer.err


def test_continuing_with_another_partition_is_refused(run, options, places, tmp_path):
    run(*options, *CHOICES)
    (folder,) = (tmp_path / "runs/planet").iterdir()
    os.unlink(folder / "result.json")  # as if it had been killed before
    change(places)
    answer = run(*options, *CHOICES, code=2)
    assert "the checkpoint is of partition" in answer.err
    assert "fresh=true" in answer.err


def test_predict_marks_where_a_photograph_was_taken(trained, tmp_path):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: (TOWNS[0][0], 0.0, 0.0),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: (TOWNS[0][1], 0.0, 0.0),
        }
    )
    Image.new("RGB", (60, 40), COLORS[0]).save(tmp_path / "here.jpg", exif=exif)
    Image.new("RGB", (60, 40), COLORS[1]).save(tmp_path / "there.png")
    images = [tmp_path / "here.jpg", tmp_path / "there.png"]
    said = call(predict.main, trained / "best.ckpt", *images, "--output", tmp_path / "out").out
    here, there = json.loads((tmp_path / "out/predictions.json").read_text())
    assert here["true_position"] == [48.9, 2.4]
    assert 0 <= here["distance_km"] < 20_040
    assert "true_position" not in there
    assert len(there["cells"]) == 5
    assert sum(cell["probability"] for cell in here["cells"]) == pytest.approx(1, abs=1e-3)
    assert f"taken at 48.9°N 2.4°E, {here['distance_km']:,.0f} km off" in said
    assert (tmp_path / "out" / here["picture"]).stat().st_size > 10_000


def test_a_run_on_shards(run, options, places, tmp_path):
    write_shards(places, [5] * 8)
    run(
        *options,
        "data=place_shards",
        'data.train="train-{000..007}.tar"',
        "trainer.max_epochs=2",
        "data.shuffle=8",
    )
    (folder,) = (tmp_path / "runs/planet").iterdir()
    assert result_of(folder)["steps"] == 10
    assert "trained on 40 photographs, evaluated 10" in result_of(folder)["data"]
    assert len(result_of(folder)["baselines"]) == 2


def piped(value, command):
    """A configuration whose shards are the output of a command."""
    if isinstance(value, dict):
        return {k: command if k == "train" else piped(v, command) for k, v in value.items()}
    return value


def test_a_command_in_a_file_never_runs(run, options, trained, places, tmp_path):
    """`data.train=pipe:COMMAND` is for the command line, not for a checkpoint or a config.yaml."""
    ran = tmp_path / "ran"
    command = f"pipe:touch {ran}"
    checkpoint = torch.load(trained / "best.ckpt", weights_only=True)
    checkpoint["config"] = piped(checkpoint["config"], command)
    assert checkpoint["config"]["data"]["train"] == command
    crafted = tmp_path / "best.ckpt"
    torch.save(checkpoint, crafted)
    own = [f"data.partition={crafted}", "data.train=null", f"backbone.weights={crafted}"]
    run(*options, "mode=evaluate", "trainer.max_epochs=0", "data.coarser=[2.5]", *own)
    Image.new("RGB", (60, 40), COLORS[0]).save(tmp_path / "here.jpg")
    call(predict.main, crafted, tmp_path / "here.jpg", "--output", tmp_path / "out")
    (folder,) = (tmp_path / "runs/planet").iterdir()
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(piped(yaml.safe_load(config.read_text()), command)))
    os.unlink(folder / "result.json")
    run(*options, "mode=evaluate", "trainer.max_epochs=0", "data.coarser=[2.5]", *own)
    assert not ran.exists()


def test_a_run_on_a_phones_photographs(run, options, shared, tmp_path):
    run(
        *options,
        "data=gps_photographs",
        f"data.root={shared / 'geo_exif/images'}",
        "data.val_fraction=0.3",
        "data.t_max=30",
    )
    (folder,) = (tmp_path / "runs/planet").iterdir()
    assert "30% of the places held out with seed 0" in result_of(folder)["data"]
