"""Epochs that draw rare classes more often."""

import numpy as np
import pytest

from tasks.data.batches import AGAIN, TrainBatches
from tasks.data.sampling import BalancedDraw, times_before

CLASS_OF = np.repeat([2, 0, 3], [100, 10, 1])  # none of class 1


def drawn(balance: float, epoch: int = 0) -> np.ndarray:
    return BalancedDraw(CLASS_OF, 4, balance)(np.random.default_rng([0, epoch]))


def test_all_classes_come_up_equally_often():
    rows = drawn(1.0)
    assert len(rows) == len(CLASS_OF)
    assert np.bincount(CLASS_OF[rows], minlength=4).tolist() == [37, 0, 37, 37]


def test_at_zero_each_image_comes_up_once():
    assert sorted(drawn(0.0)) == list(range(len(CLASS_OF)))


def test_between_it_is_a_power_of_the_counts():
    counts = np.mean([np.bincount(CLASS_OF[drawn(0.5, e)], minlength=4) for e in range(400)], 0)
    roots = np.sqrt([10, 0, 100, 1])
    assert counts == pytest.approx(111 * roots / roots.sum(), abs=0.1)


@pytest.mark.parametrize("balance", [0.3, 1.0])
def test_images_of_a_class_take_turns(balance):
    times = np.bincount(drawn(balance), minlength=len(CLASS_OF))
    for label in (0, 2, 3):
        own = times[label == CLASS_OF]
        assert own.max() - own.min() <= 1


def test_epochs_differ_and_repeat_themselves():
    assert np.array_equal(drawn(1.0, 3), drawn(1.0, 3))
    assert not np.array_equal(drawn(1.0, 3), drawn(1.0, 4))


def test_repetitions_count_earlier_ones():
    assert times_before(np.array([5, 3, 5, 5, 0, 3])).tolist() == [0, 0, 1, 2, 0, 1]


def batches(rank: int = 0, world: int = 1, done: tuple[int, int] = (0, 0)) -> TrainBatches:
    draw = BalancedDraw(CLASS_OF, 4, 1.0)
    return TrainBatches(len(CLASS_OF), 6, 7, rank, world, done, draw)


def test_an_image_that_comes_again_in_an_epoch_is_cropped_anew():
    whole = batches()
    whole.set_epoch(2)
    keys = [key for batch in whole for key in batch]
    assert len(keys) == len(set(keys)) == 18 * 6
    assert {turn % AGAIN for _, turn in keys} == {2}


def test_a_continued_epoch_goes_on_with_the_batches_that_were_due():
    whole = batches()
    whole.set_epoch(2)
    assert list(batches(done=(2, 5))) == list(whole)[5:]


def test_processes_share_the_draws_of_one():
    shares = [list(batches(rank, 3)) for rank in range(3)]
    together = [key for step in zip(*shares, strict=True) for batch in step for key in batch]
    alone = [key for batch in batches() for key in batch]
    assert sorted(together) == sorted(alone)
