"""Loader processes that the system kills; counting, which leaves a task as it was."""

import os
import signal

import pytest
from omegaconf import OmegaConf
from torch import nn
from torch.utils.data import DataLoader, Dataset

from backbone.errors import InputError
from tasks.training.fit import _count, naming_killed_loaders


class Greedy(Dataset):
    """Is killed where it is loaded, as by a system that is out of memory."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, key: int) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return key


@pytest.mark.slow
def test_a_killed_loader_is_named():
    with (
        pytest.raises(InputError, match=r"loader process has died.*data\.workers below 2"),
        naming_killed_loaders(2),
    ):
        list(DataLoader(Greedy(), num_workers=2))


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shapes"), naming_killed_loaders(2):
        raise RuntimeError("shapes differ")


def test_counting_changes_no_statistics_outside_the_head():
    class TwoNetworks(nn.Module):
        def __init__(self):
            super().__init__()
            self.head, self.more = nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2)

        def network(self, images):
            return self.more(self.head(images))

    task = TwoNetworks()
    assert _count(task, OmegaConf.create({"size": 4})).mult_adds == 4 * 4 * 3 * 2
    assert task.more.num_batches_tracked == 0
    assert task.more.training
