"""Weights of classes, by name and by their images."""

import numpy as np
import pytest

from backbone.errors import InputError
from tasks.data.labels import Labels
from tasks.training.weighting import balancing_weights, named_weights, with_mean_one

LABELS = Labels(3, [0, 1, 2], ["n1", "n2", 3], ["ant", "bee", "golden retriever"])


def test_labels_are_named_by_id_or_name():
    assert named_weights({"ant": 10, 3: 2.5}, LABELS, "key").tolist() == [10, 1, 2.5]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"atn": 2}, "key: the data has no label 'atn'; did you mean ant?"),
        ({"zebra": 2}, "it has ant, bee, golden retriever"),
        ({"ant": 2, "n1": 2}, "ant and n1 are the same label"),
        ({"ant": 0.0}, "above 0"),
    ],
)
def test_what_cannot_be_meant_is_named(given, said):
    with pytest.raises(InputError, match=said.replace("?", "[?]")):
        named_weights(given, LABELS, "key")


def test_balanced_classes_count_alike_and_a_class_without_images_does_not():
    counts = np.array([100, 10, 0])
    weights = with_mean_one(balancing_weights(counts), counts)
    assert weights * counts == pytest.approx([55, 55, 0])


def test_the_mean_over_the_images_is_one():
    counts = np.array([[30, 10], [0, 7]])
    weights = with_mean_one(np.array([[1.0, 3.0], [1.0, 3.0]]), counts)
    assert (weights * counts).sum(1) == pytest.approx([40, 7])
    assert weights[0, 1] / weights[0, 0] == pytest.approx(3)
