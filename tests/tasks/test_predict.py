"""Predicting from a checkpoint alone, and refusing what cannot be predicted."""

import json
import sys

import pytest
import torch
from PIL import Image

from tasks import predict
from tasks.checkpoints import AtomicCheckpointIO, read_checkpoint


@pytest.fixture
def checkpoint(run, tiny, tmp_path):
    assert run(*tiny, "trainer.max_epochs=1").code == 0
    return next((tmp_path / "runs").glob("ssd_coco/*/best.ckpt"))


@pytest.fixture
def command(monkeypatch, capsys):
    def call(*arguments) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["predict", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            predict.main()
        return stop.value.code, capsys.readouterr().err

    return call


def test_writes_pictures_and_boxes_in_original_pixels(checkpoint, command, sample, tmp_path):
    """A checkpoint with confident outputs, so that there are boxes to look at."""
    state = torch.load(checkpoint, weights_only=True)
    for name, tensor in state["state_dict"].items():
        if name.startswith("head.class_predictors") and name.endswith("bias"):
            tensor.view(-1, 91)[:, 17] = 3.0  # everything is a cat
    confident = tmp_path / "confident.ckpt"
    torch.save(state, confident)
    wide = tmp_path / "wide.png"
    Image.new("RGBA", (640, 120), (10, 200, 30, 128)).save(wide)
    folder = sample / "val2017"
    code, _ = command(confident, wide, folder, "--output", tmp_path / "out")
    assert code == 0
    answers = json.loads((tmp_path / "out/predictions.json").read_text())
    assert len(answers) == 1 + len(list(folder.iterdir()))
    assert {box["category"] for answer in answers for box in answer["boxes"]} == {"cat"}
    xs = [x for box in answers[0]["boxes"] for x in box["xyxy"][::2]]
    assert 320 < max(xs) <= 640, "in pixels of the photograph, not of the network's input"
    for answer in answers:
        with Image.open(tmp_path / "out" / answer["picture"]) as picture:
            picture.load()
    assert not list((tmp_path / "out").glob(".*"))


def test_an_unreadable_image_is_named_and_the_others_go_on(checkpoint, command, sample, tmp_path):
    good = sorted((sample / "val2017").iterdir())[0]
    bad = tmp_path / "cut.jpg"
    bad.write_bytes(good.read_bytes()[:400])
    code, err = command(checkpoint, bad, good, tmp_path / "gone.jpg", "--output", tmp_path / "out")
    assert code == 2
    assert "cut.jpg" in err
    assert "gone.jpg" in err
    assert len(json.loads((tmp_path / "out/predictions.json").read_text())) == 1


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04 cut short"])
def test_what_is_no_checkpoint_is_refused(command, tmp_path, content):
    path = tmp_path / "model.ckpt"
    path.write_bytes(content)
    code, err = command(path, tmp_path / "x.jpg")
    assert code == 2
    assert "model.ckpt is damaged or no checkpoint" in err


def test_a_missing_checkpoint_is_refused(command, tmp_path):
    code, err = command(tmp_path / "none.ckpt", tmp_path / "x.jpg")
    assert code == 2
    assert "no such checkpoint" in err


def test_tensors_without_a_configuration_are_refused(command, tmp_path):
    torch.save({"state_dict": {}}, tmp_path / "bare.ckpt")
    code, err = command(tmp_path / "bare.ckpt", tmp_path / "x.jpg")
    assert code == 2
    assert "backbone.weights" in err


def test_a_checkpoint_of_another_alpha_is_refused(checkpoint, command, tmp_path):
    state = torch.load(checkpoint, weights_only=True)
    state["config"]["backbone"]["alpha"] = 0.5
    torch.save(state, tmp_path / "other.ckpt")
    code, err = command(tmp_path / "other.ckpt", tmp_path / "x.jpg")
    assert code == 2
    assert "does not fit its own configuration" in err


def test_a_checkpoint_is_plain_and_whole(checkpoint):
    read = read_checkpoint(checkpoint)  # weights_only: nothing in it is code
    assert read["config"]["backbone"]["alpha"] == 0.25
    assert len(read["labels"]["names"]) == 80
    assert {"state_dict", "training_state_dict", "ema_updates"} <= read.keys()


def test_a_failed_save_leaves_the_earlier_checkpoint(tmp_path):
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"step": 1}, path)
    with pytest.raises((AttributeError, TypeError, RuntimeError)):
        AtomicCheckpointIO().save_checkpoint({"step": lambda: 2}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["last.ckpt"]
