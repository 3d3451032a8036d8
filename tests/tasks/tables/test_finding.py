"""Which run a row shows, and in which column."""

import json
import os
import shutil

import pytest
from omegaconf import OmegaConf

from tasks.tables.counting import compose_row
from tasks.tables.differences import differences
from tasks.tables.finding import find, finished
from tasks.tables.lines import Line
from tasks.tables.reading import read_tables
from tests.conftest import ROOT

pytestmark = pytest.mark.slow  # composes and counts dozens of networks

DOGS = ("task=stanford_dogs", "size=224", "data.root=/far/away")
COCO = ("task=ssd_coco", "backbone.alpha=1.0", "size=300")
PAPERS = ("data.year=2014", "data.minival_ids=/far/away/ids.txt")


@pytest.fixture
def rows(runs):
    """What --json prints of a table, by row, but for the costs."""

    def read(number: int) -> dict[str, dict]:
        finished.cache_clear()
        (table,) = read_tables([str(number)])
        lines = [Line(row, table, None, find(row, table, runs)) for row in table.rows]
        return {line.row.name: line.to_dict() for line in lines}

    return read


def test_an_exact_run_on_the_papers_data_fills_its_row_alone(finish, rows):
    # where it ran, on what and with which seed is no part of the row
    local = ("paths.cache=/tmp/x", "seed=3", "trainer.devices=4", "trainer.strategy=ddp")
    path = finish(*DOGS, "backbone.alpha=0.75", *local, metrics={"top1": 0.8125}, images=8580)
    found = rows(10)
    assert found["0.75 MobileNet-224"]["ours"] == found["0.75 MobileNet-224"]["ours"] | {
        "metric": 81.25,
        "data": "somewhere: scored",
        "run": str(path),
        "same_data": True,
        "date": "2026-11-22T07:00:00+00:00",
        "seed": 3,
        "differences": [],
    }
    assert [name for name, row in found.items() if row["ours"]["run"]] == ["0.75 MobileNet-224"]
    assert found["1.0 MobileNet-224"]["ours"]["differences"] is None


def test_a_run_of_the_sample_is_on_other_data(finish, rows):
    options = ("backbone.alpha=1.0", "mode=sample")
    finish(*DOGS[:2], *options, metrics={"top1": 0.567}, images=8580)
    ours = rows(10)["1.0 MobileNet-224"]["ours"]
    assert (ours["metric"], ours["same_data"]) == (56.7, False)
    assert ours["data"] == "somewhere: scored (mode=sample)"
    assert ours["differences"] == ["mode=sample"]


def test_a_sample_of_a_detector_with_a_head_of_its_own_is_the_rows(finish, rows):
    given = ("task=faster_rcnn_coco", "backbone.alpha=1.0", "mode=sample")
    finish(*given, "size=300", metrics={"AP": 0.3}, images=200)
    finish(*given, metrics={"AP": 0.4}, images=200)  # at the sample's own size
    found = rows(13)
    assert found["Faster-RCNN 300 / MobileNet"]["ours"]["metric"] == 30.0
    assert found["Faster-RCNN 600 / MobileNet"]["ours"]["metric"] is None


@pytest.mark.parametrize(
    ("options", "images", "same"),
    [
        (PAPERS, 8059, True),
        (PAPERS, 8000, False),
        ((), 5000, False),
        ((*PAPERS, "data.limit=100"), 8059, False),
        ((*PAPERS, "trainer.limit_test_batches=2"), 8059, False),
    ],
    ids=["minival", "a part of it", "2017", "trained on few", "scored on few"],
)
def test_only_all_of_minival_is_minival(finish, rows, options, images, same):
    finish(*COCO, *options, metrics={"AP": 0.193}, images=images)
    ours = rows(13)["SSD 300 / MobileNet"]["ours"]
    assert (ours["metric"], ours["same_data"]) == (19.3, same)


def test_a_private_set_is_nobodys(finish, rows):
    finish("task=face_attributes", "size=128", metrics={"mean_ap": 0.8}, images=19962)
    ours = rows(12)["1.0 MobileNet-128"]["ours"]
    assert (ours["metric"], ours["same_data"]) == (80.0, False)


def test_an_exact_run_goes_before_a_newer_one_that_differs(finish, rows):
    new, newer = "2026-11-23T07:00:00+0000", "2026-11-24T07:00:00+0000"
    row = (*DOGS, "backbone.alpha=1.0")
    finish(*row, metrics={"top1": 0.81}, images=8580)
    finish(*row, "seed=1", metrics={"top1": 0.82}, images=8580, at=new)
    finish(*row, "optimizer.lr=1e-4", metrics={"top1": 0.83}, images=8580, at=newer)
    ours = rows(10)["1.0 MobileNet-224"]["ours"]
    assert (ours["metric"], ours["seed"], ours["differences"]) == (82.0, 1, [])


def test_a_run_that_differs_says_so_and_a_sample_does_not_hide_it(finish, rows):
    row = (*DOGS, "backbone.alpha=1.0")
    changed = ("optimizer.lr=1e-4", "backbone.weights=keras")
    finish(*row, *changed, metrics={"top1": 0.83}, images=8580)
    later = "2026-11-24T07:00:00+0000"
    finish(*row[:2], "mode=sample", metrics={"top1": 0.5}, images=240, at=later)
    ours = rows(10)["1.0 MobileNet-224"]["ours"]
    assert ours["metric"] == 83.0
    assert sorted(ours["differences"]) == ["backbone.weights=keras", "optimizer.lr=0.0001"]


@pytest.mark.parametrize(
    "options",
    [
        ("backbone.alpha=0.5", "size=224"),
        ("backbone.alpha=1.0", "size=160"),
        ("backbone.alpha=1.0", "size=224", "task.head.dropout=0.5"),
        ("backbone.alpha=1.0", "size=224", "backbone.body=shallow"),
        ("backbone.alpha=1.0", "size=224", "mode=smoke"),
        ("backbone.alpha=1.0", "size=224", "mode=overfit"),
    ],
    ids=lambda options: options[-1],
)
def test_another_network_is_no_row_and_a_test_of_the_machinery_no_result(finish, rows, options):
    finish("task=stanford_dogs", *options, metrics={"top1": 0.9}, images=8580)
    assert all(row["ours"]["run"] is None for row in rows(10).values())


def test_a_result_without_the_metric_shows_its_run(finish, rows):
    finish("task=face_embedding", "size=160", metrics={"accuracy": 0.9}, images=600)
    ours = rows(14)["1.0 MobileNet-160"]["ours"]
    assert ours["metric"] is None
    assert ours["run"] is not None


def test_damaged_files_are_named_and_passed_over(finish, rows, capsys):
    row = (*DOGS, "backbone.alpha=1.0")
    cut, lacking, broken, mode, date, good = (
        finish(*row, f"seed={seed}", metrics={"top1": 0.8}, images=8580) for seed in range(6)
    )
    result = json.loads((date / "result.json").read_text()) | {"finished": "yesterday"}
    (date / "result.json").write_text(json.dumps(result))
    text = (cut / "result.json").read_text()
    (cut / "result.json").write_text(text[: len(text) // 2])
    (lacking / "result.json").write_text("[1]")
    (broken / "config.yaml").write_text("task: [")
    changed = (mode / "config.yaml").read_text().replace("mode: full", "mode: mine")
    (mode / "config.yaml").write_text(changed)
    assert rows(10)["1.0 MobileNet-224"]["ours"]["run"] == str(good)
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == 5
    for path in (cut / "result.json", lacking / "result.json", broken / "config.yaml", date):
        assert any(line.startswith(f"warning: {path}") for line in warnings)


def test_a_result_of_an_earlier_release_has_its_files_date(finish, rows):
    path = finish(*DOGS, "backbone.alpha=1.0", metrics={"top1": 0.8}, images=8580)
    file = path / "result.json"
    result = json.loads(file.read_text())
    del result["finished"], result["scored_images"]
    file.write_text(json.dumps(result))
    os.utime(file, (0, 1_000_000_000))
    ours = rows(10)["1.0 MobileNet-224"]["ours"]
    assert (ours["date"], ours["same_data"]) == ("2001-09-09T01:46:40+00:00", False)


def test_a_run_of_version_0_1_0_fills_its_row(runs, rows):
    path = runs / "ssd_coco" / "mobilenetv1-1.0-300-0123abcd"
    path.mkdir(parents=True)
    shutil.copy(ROOT / "tests/data/0.1.0/ssd_coco.yaml", path / "config.yaml")
    result = {"metrics": {"AP": 0.193}, "data": "coco", "scored_images": 8059, "seed": 0}
    (path / "result.json").write_text(json.dumps(result))
    ours = rows(13)["SSD 300 / MobileNet"]["ours"]
    assert (ours["run"], ours["metric"], ours["same_data"]) == (str(path), 19.3, True)
    assert ours["differences"] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), []),
        (("data.workers=3", "compile=true", "trainer.precision=32-true"), []),
        (("data.year=2017",), ["data.year=2017"]),  # data.module.year follows
        (("data.crop=false",), ["data.crop=false"]),  # which follows `augment` else
        (("augment=false",), ["augment=false"]),
        (("optimizer.ema_decay=null",), ["optimizer.ema_decay=null"]),
        (("preprocess.flip=0.25",), ["preprocess.flip=0.25"]),
        (("+trainer.deterministic=true",), ["trainer.deterministic=true"]),
        (("~trainer.max_steps",), ["~trainer.max_steps"]),
        (("data.sample=null",), ["data.sample=null"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_differences_are_the_options_that_a_person_would_have_given(options, said):
    row = ("task=ssd_coco", "data.year=2014")
    other = row[:1] if any(o.startswith("data.year") for o in options) else row
    run = compose_row(*other, *options)
    resolved = OmegaConf.create(OmegaConf.to_container(run, resolve=True))
    assert differences(compose_row(*row), resolved) == said


def test_a_teacher_is_a_difference():
    taught = compose_row("task=face_attributes", "distill=cached", "distill.outputs=o.npz")
    resolved = OmegaConf.create(OmegaConf.to_container(taught, resolve=True))
    said = differences(compose_row("task=face_attributes"), resolved)
    assert {"distill.weight=1.0", "distill.outputs=o.npz", "optimizer.weight_decay=0.0"} <= {*said}
    assert not any(option.startswith("~") for option in said)
