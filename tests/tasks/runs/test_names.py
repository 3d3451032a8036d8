"""Stable names: each builds something, and stands for an import path wherever one is compared."""

import importlib

import pytest

from tasks.runs.names import (
    NAME,
    RELEASED,
    STABLE,
    VERSION_0_1_0,
    at,
    described,
    without_paths,
)


@pytest.mark.parametrize("path", RELEASED.values(), ids=RELEASED.keys())
def test_every_released_name_builds_something(path):
    module, _, attribute = path.rpartition(".")
    assert callable(getattr(importlib.import_module(module), attribute))


def test_a_path_has_one_name():
    assert len(STABLE) == len(RELEASED)
    assert set(VERSION_0_1_0.values()) <= RELEASED.keys()


CONFIG = {
    "seed": 0,
    "backbone": {"_target_": RELEASED["mobilenet_v1"], "alpha": 0.5},
    "task": {
        "module": {
            "_target_": "grades.Grades",
            "margin": {"_target_": RELEASED["arcface"], "_partial_": True},
        },
        "sample": [{"_target_": "tasks.samples.coco.draw_coco", "_partial_": True, "train": 3}],
    },
}


def test_a_checkpoint_names_what_is_built_and_records_the_rest():
    assert described(CONFIG) == {
        "seed": 0,
        "backbone": {NAME: "mobilenet_v1", "alpha": 0.5},
        "task": {
            "module": {
                # of a task from outside the path is the name: it is built where the user trusts it
                NAME: "grades.Grades",
                "margin": {NAME: "arcface", "_partial_": True},
            },
            "sample": [{"train": 3}],
        },
    }


def test_configurations_compare_by_names():
    """Of what has no stable name the last part counts, so that modules may move."""
    compared = without_paths(CONFIG)
    assert compared["backbone"] == {NAME: "mobilenet_v1", "alpha": 0.5}
    assert compared["task"]["module"][NAME] == "Grades"
    moved = {**CONFIG, "task": {**CONFIG["task"]}}
    moved["task"]["sample"] = [{**CONFIG["task"]["sample"][0], "_target_": "elsewhere.draw_coco"}]
    assert without_paths(moved) == compared
    assert without_paths({**CONFIG, "seed": 1}) != compared


def test_a_place_that_is_not_there_holds_nothing():
    assert at(CONFIG, ("backbone", "alpha")) == 0.5
    assert at(CONFIG, ("backbone", "alpha", "deeper")) is None
    assert at(CONFIG, ("data", "view")) is None
