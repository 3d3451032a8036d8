"""What the gate lets through, and what it does not."""

import numpy as np
import pytest

from tasks.export.comparing import compare


def boxes(*rows, most=4):
    """One image's answer from (left, score, label), as a detector gives it."""
    pad = most - len(rows)
    left = np.array([row[0] for row in rows] + [7.0] * pad, np.float32)
    return {
        "boxes": np.stack([left, left, left + 10, left + 10], -1)[None],
        "scores": np.array([[row[1] for row in rows] + [np.nan] * pad], np.float32),
        "labels": np.array([[row[2] for row in rows] + [-1] * pad]),
        "count": np.array([len(rows)]),
    }


OURS = boxes((0, 0.9, 1), (20, 0.9, 1), (40, 0.06, 2))


@pytest.mark.parametrize(
    "theirs",
    [
        OURS,
        boxes((20, 0.9, 1), (0, 0.9, 1), (40, 0.06, 2)),  # equal scores in another order
        boxes((0.009, 0.9, 1), (20, 0.89991, 1), (40, 0.06, 2)),
        boxes((0, 0.9, 1), (20, 0.9, 1), (40, 0.06, 2), (60, 0.04, 2)),
    ],
)
def test_boxes_that_are_the_same(theirs):
    found = compare(OURS, theirs)["boxes"]
    assert found["passed"]
    assert found["boxes"] == 3


@pytest.mark.parametrize(
    "theirs",
    [
        boxes((0, 0.9, 1), (20, 0.9, 1)),
        boxes((0, 0.9, 1), (20, 0.9, 1), (40, 0.06, 3)),
        boxes((0, 0.9, 1), (20, 0.9, 1), (40.02, 0.06, 2)),
        boxes((0, 0.9, 1), (20, 0.8998, 1), (40, 0.06, 2)),
        boxes((0, 0.9, 1), (20, 0.9, 1), (40, 0.06, 2), (60, 0.07, 2)),  # one too many
        boxes((np.nan, 0.9, 1), (20, 0.9, 1), (40, 0.06, 2)),
    ],
)
def test_boxes_that_are_not(theirs):
    found = compare(OURS, theirs)["boxes"]
    assert not found["passed"]
    assert found["missed"] >= 1
    assert "image 0" in found["examples"][0]


def test_probabilities_and_what_follows_from_them():
    ours = {
        "cell": np.array([0, 1]),
        "position": np.array([[1.0, 2.0], [50.0, 6.0]], np.float32),
        "probabilities": np.array([[0.5, 0.5], [0.2, 0.8]], np.float32),
    }
    tie = ours | {"cell": np.array([1, 1]), "position": ours["position"][[1, 1]]}
    assert all(found["passed"] for found in compare(ours, tie).values())
    other = ours | {"cell": np.array([0, 0])}
    assert not compare(ours, other)["cell"]["passed"]
    off = ours | {"probabilities": ours["probabilities"] + np.float32(2e-5)}
    assert not compare(ours, off)["probabilities"]["passed"]
    lost = ours | {"probabilities": ours["probabilities"] * np.nan}
    assert not compare(ours, lost)["probabilities"]["passed"]
    short = ours | {"probabilities": ours["probabilities"][:1]}
    assert not compare(ours, short)["probabilities"]["passed"]


def test_a_joint_model_is_compared_head_by_head():
    values = {"kinds.probabilities": np.array([[0.1, 0.9]]), "a.embedding": np.array([[1.0]])}
    ours = {f"objects.{name}": value for name, value in OURS.items()} | values
    found = compare(ours, ours)
    assert found.keys() == {"objects.boxes", "kinds.probabilities", "a.embedding"}
    assert all(part["passed"] for part in found.values())
    assert not compare(ours, ours | {"a.embedding": np.array([[1.1]])})["a.embedding"]["passed"]


def test_boxes_of_a_detector_that_is_sure_of_nothing_are_compared():
    weak = boxes((0, 0.01, 1), (20, 0.002, 1))
    found = compare(weak, boxes((0, 0.01, 1)))["boxes"]
    assert (found["passed"], found["boxes"]) == (True, 1)
    assert found["above"] == pytest.approx(0.005)
    assert not compare(weak, boxes((1, 0.01, 1)))["boxes"]["passed"]


def test_without_any_box_nothing_is_shown():
    assert not compare(boxes(), boxes())["boxes"]["passed"]


def test_a_score_that_is_no_number_is_not_equal_to_anything():
    undefined = boxes((0, np.nan, 1), (20, 0.9, 1))
    assert not compare(undefined, undefined)["boxes"]["passed"]
