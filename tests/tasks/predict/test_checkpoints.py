"""Checkpoints that can be predicted from, and files that are none."""

import pytest
import torch

from tasks.training.checkpoints import read_checkpoint
from tasks.training.saving import AtomicCheckpointIO


@pytest.mark.parametrize("chosen", [[0.3], {"threshold": "0.3"}, {"threshold": float("nan")}])
def test_a_damaged_choice_is_named(checkpoint, command, tmp_path, chosen):
    state = torch.load(checkpoint, weights_only=True)
    torch.save(state | {"chosen": chosen}, tmp_path / "odd.ckpt")
    err = command(tmp_path / "odd.ckpt", tmp_path / "x.jpg", code=2).err
    assert "odd.ckpt: the settings that its validation chose are damaged" in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "File is not a zip file; 0 bytes"),
        (b"<html>", "a web page, so the download failed"),
        (b"PK\x03\x04 and so on", "cut short; 14 bytes"),
    ],
)
def test_what_is_no_checkpoint_is_refused(command, tmp_path, content, said):
    path = tmp_path / "model.ckpt"
    path.write_bytes(content)
    err = command(path, tmp_path / "x.jpg", code=2).err
    assert f"model.ckpt is damaged or not a checkpoint ({said}" in err


def test_a_missing_checkpoint_is_refused(command, tmp_path):
    err = command(tmp_path / "none.ckpt", tmp_path / "x.jpg", code=2).err
    assert "no such checkpoint" in err


def test_the_folder_of_a_run_names_its_checkpoint(checkpoint, command, tmp_path):
    err = command(checkpoint.parent, tmp_path / "x.jpg", code=2).err
    assert f"{checkpoint.parent}: this is a folder; name the checkpoint in it" in err


def test_tensors_without_a_configuration_are_refused(command, tmp_path):
    torch.save({"state_dict": {}}, tmp_path / "bare.ckpt")
    err = command(tmp_path / "bare.ckpt", tmp_path / "x.jpg", code=2).err
    assert "backbone.weights" in err


def test_a_checkpoint_of_another_alpha_is_refused(checkpoint, command, tmp_path):
    state = torch.load(checkpoint, weights_only=True)
    state["config"]["backbone"]["alpha"] = 0.5
    torch.save(state, tmp_path / "other.ckpt")
    err = command(tmp_path / "other.ckpt", tmp_path / "x.jpg", code=2).err
    assert "does not fit its own configuration" in err


def test_a_checkpoint_is_plain_and_whole(checkpoint):
    saved = read_checkpoint(checkpoint)
    assert saved.config["backbone"]["alpha"] == 0.25
    assert len(saved.labels.names) == 80
    content = torch.load(checkpoint, weights_only=True)  # nothing in it is code
    assert {"state_dict", "training_state_dict", "ema_updates"} <= content.keys()


def test_a_failed_save_leaves_the_earlier_checkpoint(tmp_path):
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"state_dict": {}, "step": 1}, path)
    with pytest.raises((AttributeError, TypeError, RuntimeError)):
        AtomicCheckpointIO().save_checkpoint({"state_dict": {}, "step": lambda: 2}, path)
    assert torch.load(path, weights_only=True)["step"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["last.ckpt"]
