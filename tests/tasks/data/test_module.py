"""The order of training batches."""

import numpy as np
import pytest

from tasks.data.batches import TrainBatches
from tasks.detection.task import Detection


def indices(batches: TrainBatches) -> list[list[int]]:
    return [[index for index, _ in batch] for batch in batches]


def test_every_image_once_an_epoch_in_another_order_each():
    batches = TrainBatches(count=20, batch_size=5, seed=0)
    orders = []
    for epoch in range(3):
        batches.set_epoch(epoch)
        drawn = list(batches)
        assert {e for batch in drawn for _, e in batch} == {epoch}
        orders.append([index for batch in drawn for index, _ in batch])
        assert sorted(orders[-1]) == list(range(20))
    assert orders[0] != orders[1] != orders[2]


def test_iterating_changes_nothing():
    batches = TrainBatches(count=20, batch_size=5, seed=0, done=(1, 2))
    assert indices(batches) == indices(batches)


def test_a_continued_epoch_goes_on_with_the_batches_that_were_due():
    whole = TrainBatches(count=20, batch_size=4, seed=3)
    whole.set_epoch(2)
    rest = TrainBatches(count=20, batch_size=4, seed=3, done=(2, 3))
    assert list(rest) == list(whole)[3:]
    assert len(rest) == len(whole), "Lightning counts the whole epoch"
    rest.set_epoch(3)
    whole.set_epoch(3)
    assert list(rest) == list(whole)


@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_an_epoch_without_overlap(world):
    shares = [TrainBatches(25, 4, seed=0, rank=r, world=world) for r in range(world)]
    drawn = np.concatenate([np.concatenate(indices(share)) for share in shares])
    assert len(drawn) == len(np.unique(drawn)) == 25 // (4 * world) * 4 * world


def test_a_set_smaller_than_a_batch_is_one_batch():
    (batch,) = indices(TrainBatches(count=3, batch_size=8, seed=0))
    assert sorted(batch) == [0, 1, 2]


@pytest.mark.parametrize("workers", [0, 1])
def test_lightning_tells_the_epoch(run, tiny, monkeypatch, workers):
    """The order changes from epoch to epoch in a real run, whatever the loaders."""
    seen = []
    loss = Detection.loss

    def recording(self, batch):
        seen.extend(batch["image_id"].tolist())
        return loss(self, batch)

    monkeypatch.setattr(Detection, "loss", recording)
    run(*tiny, f"data.workers={workers}")
    first, second = seen[:24], seen[24:]
    assert sorted(first) == sorted(second) == list(range(1, 25))
    assert first != second
