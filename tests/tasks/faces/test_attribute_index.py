import numpy as np
import pytest

from backbone.errors import InputError
from tasks.faces.attribute_index import AttributeIndex, choose, named


def index(labels, ids=("Bald", "Pale_Skin", "Young")):
    labels = np.array(labels, np.int8)
    files = np.array([f"{i}.jpg".encode() for i in range(len(labels))])
    return AttributeIndex("/faces", files, labels, named(ids[: labels.shape[1]]))


def test_counts_leave_out_what_is_unknown():
    some = index([[1, 0, -1], [1, -1, 0], [0, 0, 1], [-1, -1, -1]])
    assert some.counts.tolist() == [2, 0, 1]
    assert some.known.tolist() == [3, 2, 2]
    assert some.unlabelled == 1
    assert some.constant == ["Pale Skin"]
    assert index([[1, 0, -1], [1, 1, -1]]).constant == ["Bald", "Young"]


def test_take_keeps_files_and_labels_together():
    part = index([[1, 0], [0, 1], [0, 0]]).take(np.array([2, 0]))
    assert isinstance(part, AttributeIndex)
    assert str(part.path(0)) == "/faces/2.jpg"
    assert part.labels.tolist() == [[0, 0], [1, 0]]


def test_the_first_images_include_both_cases_of_each_attribute():
    labels = [[-1, -1]] + [[0, 0]] * 5 + [[1, 0]] * 4 + [[0, 1]] + [[1, 1]]
    first = index(labels).first(3)
    assert first.constant == []
    # the rarest case first (an image with the second attribute), and the set's own order
    assert first.files.tolist() == [b"1.jpg", b"6.jpg", b"10.jpg"]
    everything = index(labels).first(99)
    assert everything.files.tolist() == index(labels).files.tolist()
    assert b"0.jpg" not in index(labels).first(len(labels) - 1).files


def test_an_index_describes_itself_in_one_line():
    assert str(index([[1, 0], [1, 1], [0, 0]])) == (
        "3 images, 2 attributes, true of 33.3% (Pale Skin) to 66.7% (Bald), all known"
    )
    assert str(index([[1, -1], [-1, -1]])) == (
        "2 images, 2 attributes, true of 100.0% (Bald) to 100.0% (Bald), 75.0% unknown, "
        "1 image without any label"
    )
    assert "100.0% unknown" in str(index([[-1, -1]]))


def test_attributes_are_chosen_by_name_in_the_order_given():
    ids = ["Bald", "Pale_Skin", "Young"]
    assert choose(ids, None, "it") == [0, 1, 2]
    assert choose(ids, ["Young", "Bald"], "it") == [2, 0]
    with pytest.raises(InputError, match="it has no attribute 'pale skin'; did you mean Pale_Skin"):
        choose(ids, ["pale skin"], "it")
    with pytest.raises(InputError, match="no attribute 'Hat'; it has Bald, Pale_Skin, Young"):
        choose(ids, ["Hat"], "it")
    with pytest.raises(InputError, match="more than once: Bald"):
        choose(ids, ["Bald", "Young", "Bald"], "it")
    with pytest.raises(InputError, match="at least one attribute"):
        choose(ids, [], "it")
