"""A loader process that the system kills is named, with what to try."""

import os
import signal

import pytest
from torch.utils.data import DataLoader, Dataset

from backbone.errors import InputError
from tasks.training.fit import naming_killed_loaders


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
