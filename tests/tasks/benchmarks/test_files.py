"""The speed of a run's steps on one batch in memory."""

import torch

from tasks.benchmarks.files import in_memory
from tasks.data.module import DataModule


class Pairs(DataModule):
    """Data of which the task reads more than batches, as face embeddings read pairs."""

    pairs = ("val",)


def test_the_batch_in_memory_comes_with_all_that_a_task_reads_of_its_data():
    data = Pairs(batch_size=4, workers=0, seed=0)
    batch = {"image": torch.zeros(2, 3, 8, 8), "image_id": torch.arange(2)}
    same = in_memory(data, batch, count=3)
    assert isinstance(same, Pairs)
    assert same.pairs == data.pairs
    assert same.steps_per_epoch() == len([*same.train_dataloader()]) == 3
    assert next(iter(same.train_dataloader()))["image_id"] is batch["image_id"]
    assert "train_dataloader" not in vars(data)
