"""The order of the parts' batches: all images equally often, and repeatable from any step."""

from collections import Counter
from itertools import islice

import pytest

from tasks.data.batches import TrainBatches, image_ids, images_in
from tasks.joint.data import JointBatches, PartBatches, Share

COUNTS = {"large": 7, "small": 3}  # batches of an epoch of each part's own


def steps(combine: str, epochs: int, done: tuple[int, int] = (0, 0), end: int | None = None):
    """(run's epoch, step, part -> the keys of its batch) of a run that goes on after `done`."""
    length = min(COUNTS.values()) if combine == "min_size" else max(COUNTS.values())
    end = length if end is None else end
    due = {n: Share(c if combine == "proportional" else length, length) for n, c in COUNTS.items()}
    batches = {}
    for name, count in COUNTS.items():
        taken = done[0], due[name].before(done[1])
        order = TrainBatches(2 * count, 2, seed=0)
        batches[name] = PartBatches(order, due[name].before(end), taken)
    loader = JointBatches(batches, batches, due, length, done, end)
    for epoch in range(done[0], epochs):
        loader.set_epoch(epoch)
        start = done[1] if epoch == done[0] else 0
        for step, batch in enumerate(loader, start):
            yield epoch, step, batch


@pytest.mark.parametrize("end", [None, 2])
@pytest.mark.parametrize("combine", ["max_size_cycle", "min_size", "proportional"])
def test_a_run_goes_on_with_the_batches_that_are_due(combine, end):
    whole = list(steps(combine, 4, end=end))
    for after in range(len(whole)):
        epoch, step, _ = whole[after]
        assert list(steps(combine, 4, (epoch, step), end)) == whole[after:]


def test_a_short_part_goes_on_in_its_own_epochs():
    """7 steps an epoch: the part of 3 batches sees each image 7 times in 3 of the run's epochs."""
    seen = Counter(i for _, _, batch in steps("max_size_cycle", 3) for i, _ in batch["small"])
    assert set(seen.values()) == {7}
    epochs = [batch["small"][0][1] for _, _, batch in steps("max_size_cycle", 2)]
    assert epochs == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4], "crops differ in each"


def test_in_proportion_every_image_comes_once_and_the_parts_are_mixed():
    batches = [batch for _, _, batch in steps("proportional", 1)]
    assert [sorted(batch) for batch in batches].count(["large", "small"]) == 3
    assert all("large" in batch for batch in batches)
    assert not all("small" in batch for batch in batches[-3:]), "they are spread over the epoch"
    for name, count in COUNTS.items():
        seen = [i for batch in batches if name in batch for i, _ in batch[name]]
        assert sorted(seen) == list(range(2 * count))


def test_iterating_changes_nothing():
    batches = PartBatches(TrainBatches(8, 2, seed=0), 3, (0, 1))
    list(islice(batches, 1))
    assert len(list(batches)) == 2
    batches.set_epoch(1)
    assert len(list(batches)) == 3


def test_images_are_counted_over_parts():
    import torch

    batch = {"image_id": torch.arange(3), "image": torch.zeros(3, 1)}
    assert images_in(batch) == 3
    both = {"one": batch, "two": batch}
    assert images_in(both) == 6
    assert list(image_ids(both)) == ["one/", "two/"]
