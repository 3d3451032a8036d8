"""Scores by group: what a network does to the people that a set shows least."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from backbone.errors import InputError
from tasks.data.labels import Labels
from tasks.faces.attribute_lists import AttributeLists
from tasks.faces.attribute_metrics import AttributeScores
from tasks.faces.attribute_presenter import AttributePresenter
from tasks.faces.celeba import CelebA
from tasks.faces.group_scores import by_group, in_words
from tasks.faces.groups import Groups, age_bands
from tasks.faces.utkface import UTKFace
from tests.tasks.faces.attribute_files import write_celeba, write_csv, write_faces

NAMES = ["Male", "Over_20", "Hat"]


@pytest.fixture
def faces():
    """200 faces of three races, the last with 5; answers that are bad for the second."""
    rng = np.random.default_rng(0)
    of = np.repeat([0, 1, 2, -1], [120, 70, 5, 5])
    labels = rng.integers(0, 2, (200, 3)).astype(np.int8)
    labels[of == 0, 2] = 0  # nobody of the first wears a hat: no average precision there
    labels[3, 0] = -1
    noise = np.where(of == 1, 2.0, 0.4)[:, None]
    answers = 1 / (1 + np.exp(-(labels.clip(0) - 0.5 + noise * rng.normal(size=(200, 3)))))
    return Groups("race", ("White", "Black", "Asian", "Nobody"), of), labels, answers


def test_each_group_is_scored_on_the_attributes_that_all_have(faces):
    groups, labels, answers = faces
    rows = by_group(groups, NAMES, labels, answers.astype(np.float32))
    assert [(row["name"], row["faces"]) for row in rows] == [
        ("White", 120), ("Black", 70), ("Asian", 5),
    ]  # fmt: skip
    for number, row in enumerate(rows[:2]):
        assert row["attributes"] == 2, "the hat does not count, for one group has none"
        here = groups.of == number
        known = [here & (labels[:, k] >= 0) for k in range(3)]
        expected = [average_precision_score(labels[m, k], answers[m, k]) for k, m in
                    enumerate(known[:2])]  # fmt: skip
        assert row["mean_ap"] == pytest.approx(np.mean(expected), abs=1e-4)
        right = [np.mean((answers[m, k] >= 0.5) == labels[m, k]) for k, m in enumerate(known)]
        assert row["accuracy"] == pytest.approx(np.mean(right), abs=1e-4)
    line = in_words("race", rows)
    assert line.startswith("by race: mean AP of 2 attributes ")
    assert "for the worst group, Black (70 faces)" in line
    assert "for White (120); too few to compare: Asian (5)" in line


def test_one_group_is_compared_with_nothing(faces):
    groups, labels, answers = faces
    alone = Groups("race", groups.names, np.zeros(200, int))
    assert in_words("race", by_group(alone, NAMES, labels, answers)) is None


def test_without_a_common_attribute_accuracy_is_compared(faces):
    groups, labels, answers = faces
    rows = by_group(groups, ["Hat"], labels[:, 2:], answers[:, 2:])
    assert rows[1]["mean_ap"] is None
    assert in_words("race", rows).startswith("by race: accuracy ")


def test_ages_in_bands():
    bands = age_bands(np.array([0, 19, 20, 39, 40, 60, 99, -1]))
    names = [bands.names[k] if k >= 0 else None for k in bands.of.tolist()]
    assert names == ["0 to 19", "0 to 19", "20 to 39", "20 to 39", "40 to 59", "60 and over",
                     "60 and over", None]  # fmt: skip


@pytest.fixture
def utkface(tmp_path):
    rows = [
        f"{i}.jpg,{20 + i % 40},{i % 2},{i % 3},{'train' if i < 4 else 'val'}" for i in range(70)
    ]
    rows[5] = "5.jpg,,,,val"
    write_faces(tmp_path / "images", [f"{i}.jpg" for i in range(70)], size=(8, 8))
    write_csv(tmp_path / "labels.csv", ["file,age,gender,race,split", *rows])
    return tmp_path


def test_race_is_learned_only_where_it_is_named(utkface):
    classes = [name for name, _ in UTKFace(str(utkface)).load().splits["val"].classes]
    assert classes == ["Male", "Over_20", "Over_30", "Over_40", "Over_50", "Over_60"]
    named = UTKFace(str(utkface), attributes=["Male", "Black"]).load().splits["val"]
    assert [name for name, _ in named.classes] == ["Male", "Black"]
    assert [one.kind for one in named.groups] == ["race", "gender", "age"]


def test_a_result_says_how_groups_fare(utkface):
    index = UTKFace(str(utkface), attributes=["Male", "Over_30"]).load().splits["val"]
    metric = AttributeScores(index.labels, ["Male", "Over 30"])
    import torch

    answers = torch.rand(len(index), 2, generator=torch.Generator().manual_seed(0))
    metric.update({"probabilities": answers}, torch.arange(len(index)))
    presenter = AttributePresenter(Labels(2, [0, 1], ["Male", "Over_30"], ["Male", "Over 30"]))

    class Data:
        reported, indices = "val", {"val": index}

    found = presenter.findings(metric.compute(), Data())
    assert {kind: [row["faces"] for row in rows] for kind, rows in found["groups"].items()} == {
        "race": [22, 22, 21], "gender": [33, 32], "age": [35, 30],
    }  # fmt: skip
    assert [line.split(":")[0] for line in found["summary"]] == ["by race", "by gender", "by age"]
    assert "by gender: mean AP of 1 attribute " in found["summary"][1]  # all of a group are Male


def test_celeba_says_who_looks_male_and_young(tmp_path):
    train = CelebA(str(write_celeba(tmp_path)), ["Smiling"]).load().splits["train"]
    assert {one.kind: one.of.tolist() for one in train.groups} == {
        "gender": [1, 1, 0], "age": [0, 0, 1],
    }  # fmt: skip


@pytest.fixture
def lists(tmp_path):
    """Six training and forty validation images, with a column of races and one of places."""
    of = {"train": range(6), "val": range(6, 46)}
    for split, numbers in of.items():
        rows = [
            f"{i}.jpg,{i % 2},{['', ' b', 'a', 'c '][i % 4]},{['Rome', 'Oslo'][i % 3 == 0]}"
            for i in numbers
        ]
        write_csv(tmp_path / f"{split}.csv", ["file,Hat,race,place", *rows])
    write_faces(tmp_path / "images", [f"{i}.jpg" for i in range(46)], size=(8, 8))
    return tmp_path


def test_columns_of_your_own_lists_are_groups(lists):
    val = AttributeLists(str(lists), groups=["race", "place"]).load().splits["val"]
    assert [name for name, _ in val.classes] == ["Hat"]
    assert [(one.kind, one.names) for one in val.groups] == [
        ("race", ("a", "b", "c")), ("place", ("Oslo", "Rome")),
    ]  # fmt: skip
    assert val.groups[0].of[:4].tolist() == [0, 2, -1, 1]
    assert val.groups[1].of[:4].tolist() == [0, 1, 1, 0]
    assert val.take(np.array([1])).groups[0].of.tolist() == [2]


def test_a_column_may_be_both_a_group_and_an_attribute(lists):
    source = AttributeLists(str(lists), groups=["Hat"], attributes=["Hat"])
    val = source.load().splits["val"]
    assert val.groups[0].names == ("0", "1")
    assert val.groups[0].of.tolist() == val.labels[:, 0].tolist()


def test_groups_of_one_list_with_splits(lists):
    rows = [f"{i}.jpg,{i % 2},{'ab'[i % 2]},{'train' if i < 3 else 'val'}" for i in range(9)]
    write_csv(lists / "all.csv", ["file,Hat,race,split", *rows])
    splits = AttributeLists(str(lists), labels="all.csv", groups=["race"]).load().splits
    assert splits["val"].groups[0].of.tolist() == [1, 0, 1, 0, 1, 0]


@pytest.mark.parametrize(
    ("groups", "value", "message"),
    [
        (["Race"], "b", "data.groups: .*train.csv has no column 'Race'; it has file, Hat, race"),
        (["race"], "x" * 101, "train.csv, line 8, column race: x+ is too long"),
        (["place"], None, "line 56, column place: more than 50 different groups"),
    ],
)
def test_columns_that_are_no_groups(lists, groups, value, message):
    values = [value] if value else [f"place {i}" for i in range(60)]
    with (lists / "train.csv").open("a") as file:
        file.writelines(f"{i}.jpg,0,{one},{one}\n" for i, one in enumerate(values, 100))
    with pytest.raises(InputError, match=message):
        AttributeLists(str(lists), groups=groups).load()
