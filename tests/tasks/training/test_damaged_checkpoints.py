"""A checkpoint that was changed on disk, or that holds no numbers, is refused."""

import random
import shutil
from pathlib import Path

import pytest
import torch

from backbone.errors import InputError
from tasks.training.checkpoints import read_checkpoint
from tasks.training.restore import load_task
from tasks.training.resume import naming_damaged_state
from tasks.training.saving import AtomicCheckpointIO

FIXTURES = Path(__file__).parents[2] / "data/0.1.0"


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    return Path(shutil.copy(FIXTURES / "image_folder.ckpt", tmp_path / "best.ckpt"))


@pytest.mark.slow
def test_a_flipped_bit_changes_nothing_unnoticed(checkpoint):
    """It is refused, or it lies between the parts that are read."""
    content = torch.load(checkpoint, weights_only=True)
    AtomicCheckpointIO().save_checkpoint(content, checkpoint)
    whole = read_checkpoint(checkpoint)
    data, chance = checkpoint.read_bytes(), random.Random(0)
    refused = 0
    for _ in range(150):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        checkpoint.write_bytes(changed)
        try:
            read = read_checkpoint(checkpoint)
        except InputError:
            refused += 1
            continue
        assert read.config == whole.config
        assert read.labels == whole.labels
        assert all(torch.equal(read.state[name], value) for name, value in whole.state.items())
    assert refused > 75


@pytest.mark.parametrize("length", [0, 1, 100, 5_000, 60_000, -1])
def test_a_cut_file_is_refused(checkpoint, length):
    checkpoint.write_bytes(checkpoint.read_bytes()[:length])
    with pytest.raises(InputError, match=r"damaged.*fresh=true"):
        load_task(checkpoint)


@pytest.mark.parametrize("content", [b"\0" * 1000, b"<html>", "ü".encode() * 500])
def test_other_content_is_refused(checkpoint, content):
    checkpoint.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        load_task(checkpoint)


def test_a_folder_or_a_list_is_no_checkpoint(tmp_path):
    with pytest.raises(InputError, match="this is a folder; name the checkpoint in it"):
        load_task(tmp_path)
    torch.save([1, 2], tmp_path / "list.ckpt")
    with pytest.raises(InputError, match="not a checkpoint of this suite"):
        load_task(tmp_path / "list.ckpt")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(checkpoint, value):
    content = torch.load(checkpoint, weights_only=True)
    content["state_dict"]["head.fc.weight"][0, 0] = value
    torch.save(content, checkpoint)
    with pytest.raises(InputError, match=r"not finite in 1 of \d+ tensors.*head\.fc\.weight"):
        load_task(checkpoint)


@pytest.mark.parametrize("count", [-1, "1", 1.0, None, []])
def test_counts_of_loops_that_are_none_are_missing(checkpoint, count):
    content = torch.load(checkpoint, weights_only=True)
    loops = {"fit_loop": {"epoch_progress": {"current": {"processed": 1}}}, "test_loop": {}}
    loops["fit_loop"]["state_dict"] = {"combined_loader": [{"shard": "a.tar"}]}
    schedule = {"last_epoch": 1}
    for part, value in (("loops", loops), ("lr_schedulers", [schedule])):
        torch.save(content | {part: value}, checkpoint)
        assert part not in read_checkpoint(checkpoint).missing
    loops["fit_loop"]["epoch_progress"]["current"]["processed"] = schedule["last_epoch"] = count
    for part, value in (("loops", loops), ("lr_schedulers", [schedule])):
        torch.save(content | {part: value}, checkpoint)
        assert part in read_checkpoint(checkpoint).missing


def test_an_error_while_a_state_is_restored_names_the_file():
    code = compile(
        "def restore_it():\n    raise KeyError('lr')", "a/checkpoint_connector.py", "exec"
    )
    made = {}
    exec(code, made)
    path = Path("runs/a/last.ckpt")
    damaged = r"last\.ckpt: the state of its training is damaged"
    with pytest.raises(InputError, match=damaged), naming_damaged_state(path):
        made["restore_it"]()
    with pytest.raises(KeyError), naming_damaged_state(path):
        raise KeyError("elsewhere")
    with pytest.raises(KeyError), naming_damaged_state(None):
        made["restore_it"]()
    exec(compile("def restore_it():\n    raise MemoryError", code.co_filename, "exec"), made)
    with pytest.raises(MemoryError), naming_damaged_state(path):
        made["restore_it"]()
