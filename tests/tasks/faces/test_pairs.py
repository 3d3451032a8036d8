import numpy as np
import pytest

from backbone.errors import InputError
from tasks.faces.face_index import FaceIndex
from tasks.faces.pairs import Pairs, compact, make_pairs


@pytest.fixture(scope="module")
def people():
    """60 people with 2 to 30 images each, nine with one, and images of nobody; shuffled."""
    rng = np.random.default_rng(5)
    counts = np.concatenate([rng.integers(2, 31, 60), np.ones(9, int)])
    labels = np.concatenate([np.repeat(np.arange(69), counts), np.full(40, -1)])
    return rng.permutation(labels)


def test_pairs_never_leak_people_across_folds(people):
    pairs = make_pairs(people, folds=10, per_fold=40, seed=0)
    assert pairs.folds == 10
    assert pairs.leaks(people) == 0
    folds_of = {}
    for rows in (pairs.first, pairs.second):
        for person, fold in zip(people[rows].tolist(), pairs.fold.tolist(), strict=True):
            folds_of.setdefault(person, set()).add(fold)
    assert all(len(folds) == 1 for folds in folds_of.values())


def test_pairs_are_correct_balanced_and_distinct(people):
    pairs = make_pairs(people, 10, 40, seed=0)
    one, other = people[pairs.first], people[pairs.second]
    assert ((one == other) == pairs.same).all()
    assert min(one.min(), other.min()) >= 0, "nobody unknown"
    assert (pairs.first != pairs.second).all()
    both = np.sort(np.stack([pairs.first, pairs.second], 1), axis=1)
    assert len(np.unique(both, axis=0)) == len(pairs)
    counts = [[(pairs.same[pairs.fold == k] == same).sum() for same in (0, 1)] for k in range(10)]
    assert (np.array(counts) == counts[0][0]).all()
    assert 20 <= counts[0][0] <= 40


def test_nobody_has_two_pairs_before_everybody_has_one(people):
    pairs = make_pairs(people, 10, 6, seed=0)  # six people a fold
    matched = people[pairs.first[pairs.same]]
    assert len(np.unique(matched)) == len(matched) == 60


def test_the_seed_decides(people):
    one, again, other = (make_pairs(people, 10, 20, seed) for seed in (3, 3, 4))
    assert (one.first == again.first).all()
    assert (one.second == again.second).all()
    assert not np.array_equal(one.first, other.first)


def test_few_people_make_fewer_folds():
    pairs = make_pairs(np.repeat(np.arange(5), 3), folds=10, per_fold=300, seed=0)
    assert pairs.folds == 2
    assert pairs.leaks(np.repeat(np.arange(5), 3)) == 0
    assert 0 < pairs.same.mean() == 0.5
    with pytest.raises(InputError, match="3 people with two images"):
        make_pairs(np.array([0, 0, 1, 1, 2, 2, 3, -1, -1]), 10, 300, seed=0)


def test_a_leak_is_counted():
    pairs = Pairs(
        first=np.array([0, 2]),
        second=np.array([1, 3]),
        same=np.array([True, False]),
        fold=np.array([0, 1]),
        title="",
    )
    assert pairs.leaks(np.array([7, 7, 7, 8])) == 1
    assert pairs.leaks(np.array([7, 7, 8, 9])) == 0


def test_the_first_images_make_pairs_of_all_folds_and_kinds(people):
    files = np.array([f"{i}.jpg".encode() for i in range(len(people))])
    index = FaceIndex("root", files, people, tuple((str(k), str(k)) for k in range(69)))
    pairs = make_pairs(people, 10, 40, seed=0)
    few, moved = compact(index, pairs)
    assert (few.files[moved.first] == files[pairs.first]).all()
    assert (few.files[moved.second] == files[pairs.second]).all()
    assert len(few) == len(np.unique(np.concatenate([pairs.first, pairs.second])))
    begun = np.maximum(moved.first, moved.second) < 8
    kinds = {(f, s) for f, s in zip(moved.fold[begun].tolist(), moved.same[begun], strict=True)}
    assert kinds >= {(0, True), (0, False), (1, True), (1, False)}
