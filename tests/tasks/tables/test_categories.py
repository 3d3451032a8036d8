"""Scores by category beside the paper's tables."""

import csv
import io
import json

import pytest

CAT = {"id": 17, "name": "cat", "boxes": 9, "AP": 0.25, "threshold": 0.4, "curve": [1.0, 0.5]}
DOG = {"id": 18, "name": "dog", "boxes": 0, "AP": None, "threshold": None, "curve": None}


@pytest.fixture
def run(finish):
    return finish("task=ssd_coco", metrics={"AP": 0.25}, images=80, per_category=[CAT, DOG])


def test_the_scores_stand_below_the_table(tables, runs, run):
    answer = tables("13", "--runs", runs, "--per-category")
    at = answer.out.splitlines().index("AP in %  SSD 300 / MobileNet")
    cat, dog = answer.out.splitlines()[at + 1 : at + 3]
    assert cat.split() == ["cat", "25.0"]
    assert dog.split() == ["dog", "-"]
    assert "AP in %  SSD" not in tables("13", "--runs", runs).out


def test_in_other_forms(tables, runs, run):
    page = tables("13", "--runs", runs, "--per-category", "--markdown").out
    assert "| cat | 25.0 |" in page
    rows = json.loads(tables("13", "--runs", runs, "--per-category", "--json").out)
    found = [row["ours"]["per_category"] for row in rows if row["ours"]["run"]]
    assert found == [[CAT, DOG]]
    lines = tables("13", "--runs", runs, "--per-category", "--csv").out
    cat, dog = csv.DictReader(io.StringIO(lines))
    assert (cat["name"], cat["AP"]) == ("cat", "0.25")
    assert (dog["AP"], cat["run"]) == ("", str(run))


@pytest.mark.slow
def test_runs_without_such_scores_are_told(tables, runs, finish):
    finish("task=ssd_coco", metrics={"AP": 0.25}, images=80)
    assert (
        "none of the runs that fill a row has scores by category"
        in tables("13", "--runs", runs, "--per-category").out
    )
    assert tables("13", "--runs", runs, "--per-category", "--csv").out == "table,row,run\n"
