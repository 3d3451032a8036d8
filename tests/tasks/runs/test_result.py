"""What is reported of a result, and what is said where it is damaged."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from backbone.errors import InputError
from tasks.runs.names import at
from tasks.runs.report import report
from tasks.runs.result import read_result, result_text

RESULT: dict[str, Any] = {
    "metrics": {"top1": 0.5, "median_km": 12},
    "units": {"median_km": "km"},
    "baselines": {"most frequent": {"top1": 0.1}},
    "paper": {
        "data": "ImageNet",
        "row": "1.0 MobileNet-224",
        "metric": "top1",
        "value": 70.6,
        "others": {"top5": 89.9},
        "mult_adds": "569M",
        "parameters": "4.2M",
    },
    "cost": {"mult_adds": 568_740_352, "parameters": 4_231_976},
    "throughput": {
        "train_images_per_second": None,
        "test_images_per_second": 100.5,
        "device": "cpu",
        "precision": "32-true",
    },
    "data": "somewhere",
    "steps": 10,
    "per_category": [{"id": 1, "name": "cat", "AP": 0.25, "threshold": None, "curve": [0.5]}],
    "summary": ["best F1 50.0"],
}


def reported(result: Any, folder: Path) -> str:
    path = folder / "result.json"
    path.write_text(json.dumps(result))
    read = read_result(path)
    assert read is not None
    return report(read, folder)


def test_a_whole_result_is_reported(tmp_path):
    said = reported(RESULT, tmp_path)
    assert all(text in said for text in ("50.0", "12 km", "70.6", "569M", "100.5"))
    assert reported(RESULT | {"paper": None, "more": [1]}, tmp_path)
    without = {k: v for k, v in RESULT.items() if k not in ("units", "baselines")}  # of 0.1.0
    assert "12 km" in reported(without, tmp_path)


def places(value: Any, place: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner = value.items() if isinstance(value, dict) else ()
    return [place, *(p for key, v in inner for p in places(v, (*place, key)))]


@pytest.mark.parametrize("row", [None, [], {}, {"id": 1}, {"id": 1, "name": "cat", "AP": "text"}])
def test_odd_rows_of_categories_are_named(tmp_path, row):
    said = said_of(RESULT | {"per_category": [row]}, tmp_path)
    assert "result.json is damaged (per_category" in said


def said_of(result: Any, folder: Path) -> str:
    """The report, or what is said instead."""
    try:
        return reported(result, folder)
    except InputError as error:
        return str(error)


PLACES = pytest.mark.parametrize("place", places(RESULT)[1:], ids=".".join)


@PLACES
@pytest.mark.parametrize("value", [None, [], {}, "text", -1, True])
def test_other_values_anywhere_are_reported_or_named(tmp_path, place, value):
    result = copy.deepcopy(RESULT)
    at(result, place[:-1])[place[-1]] = value
    said = said_of(result, tmp_path)
    assert "run directory: " in said or f"result.json is damaged ({place[0]}" in said


@PLACES
def test_missing_values_are_reported_or_named(tmp_path, place):
    result = copy.deepcopy(RESULT)
    del at(result, place[:-1])[place[-1]]
    said = said_of(result, tmp_path)
    assert "run directory: " in said or f"result.json is damaged ({'.'.join(place)}" in said


def test_lists_of_numbers_are_one_line_each_and_texts_stay():
    result = {"a": [1, 2.5, -3e-05], "b": ["[\n 1,\n 2\n]", "x"], "c": [[1, 0], [0, 1]], "d": []}
    text = result_text(result)
    assert json.loads(text) == result
    assert '"a": [1, 2.5, -3e-05]' in text
    assert "[1, 0],\n" in text


@pytest.mark.parametrize("change", [{"monitor": []}, {"intervals": {"top1": [0.5]}}])
def test_what_orders_and_frames_scores_is_checked(change, tmp_path):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(RESULT | change))
    with pytest.raises(InputError, match=r"result\.json is damaged"):
        read_result(path)
