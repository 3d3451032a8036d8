"""What a checkpoint answers: pictures, boxes, and those that are drawn."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from tasks.detection.coco.dataset import CocoDetection, collate_detection
from tasks.images.files import open_image
from tasks.images.view import View
from tasks.training.checkpoints import read_checkpoint
from tasks.training.restore import load_task
from tasks.training.saving import AtomicCheckpointIO
from tests.conftest import result_of
from tests.tasks.predict.conftest import make_confident


def test_writes_pictures_and_boxes_in_original_pixels(checkpoint, command, sample, tmp_path):
    confident = make_confident(checkpoint, tmp_path / "confident.ckpt")
    wide = tmp_path / "wide.png"
    Image.new("RGBA", (640, 120), (10, 200, 30, 128)).save(wide)
    folder = sample / "val2017"
    command(confident, wide, folder, "--output", tmp_path / "out")
    answers = json.loads((tmp_path / "out/predictions.json").read_text())
    assert len(answers) == 1 + len(list(folder.iterdir()))
    assert {box["category"] for answer in answers for box in answer["boxes"]} == {"cat"}
    xs = [x for box in answers[0]["boxes"] for x in box["xyxy"][::2]]
    assert 320 < max(xs) <= 640, "in pixels of the photograph, not of the network's input"
    for answer in answers:
        with Image.open(tmp_path / "out" / answer["picture"]) as picture:
            picture.load()
    assert not list((tmp_path / "out").glob(".*"))


def test_padded_photographs_get_the_boxes_of_evaluation(
    run, tiny, command, photographs, index, tmp_path
):
    answer = run(*tiny, "trainer.max_epochs=1", "data.view.keep_aspect=true", "size=[96,160]")
    (checkpoint,) = tmp_path.glob("runs/ssd_coco/*/best.ckpt")
    confident = make_confident(checkpoint, tmp_path / "confident.ckpt")
    command(confident, photographs, "--output", tmp_path / "out")
    answers = json.loads((tmp_path / "out/predictions.json").read_text())
    task, _ = load_task(confident)
    batch = collate_detection(list(CocoDetection(index, (96, 160), view=View(keep_aspect=True))))
    with torch.inference_mode():
        prediction = task.predict(batch)
    presenter = task.present()
    assert len(answers) == len(index) == 7
    for i, answer in enumerate(answers):
        assert answer["image"] == str(index.path(i))
        assert answer["boxes"] == presenter.describe(prediction, i)["boxes"]
        width, height = open_image(answer["image"]).size
        boxes = np.array([box["xyxy"] for box in answer["boxes"]])
        assert len(boxes)
        assert boxes.min() >= 0
        assert (boxes.max(0) <= [width, height] * 2).all()


def boxes_of(folder) -> list[dict]:
    return [
        box for a in json.loads((folder / "predictions.json").read_text()) for box in a["boxes"]
    ]


def test_the_threshold_of_the_validation_is_the_default(checkpoint, command, sample, tmp_path):
    confident = make_confident(checkpoint, tmp_path / "confident.ckpt")
    state = torch.load(confident, weights_only=True)
    photograph = sorted((sample / "val2017").iterdir())[0]
    command(confident, photograph, "--threshold", 0, "--output", tmp_path / "all")
    scores = sorted(box["score"] for box in boxes_of(tmp_path / "all"))
    middle = (scores[9] + scores[10]) / 2
    for chosen, expected in (({}, 0.3), ({"threshold": middle}, middle)):
        AtomicCheckpointIO().save_checkpoint(state | {"chosen": chosen}, tmp_path / "chosen.ckpt")
        assert load_task(tmp_path / "chosen.ckpt")[0].present().threshold == expected
        command(tmp_path / "chosen.ckpt", photograph, "--output", tmp_path / "out")
        kept = [score for score in scores if score >= expected]
        assert sorted(box["score"] for box in boxes_of(tmp_path / "out")) == kept
    assert 0 < len(kept) < len(scores)


def test_a_training_run_chooses_a_threshold(detector):
    result = result_of(detector.path)
    chosen = read_checkpoint(detector.path / "best.ckpt").chosen
    assert chosen.get("threshold") == pytest.approx(result["threshold"]["score"], abs=1e-6)


@pytest.mark.parametrize("threshold", ["1.5", "-0.1", "nan"])
def test_a_threshold_is_a_score(command, tmp_path, threshold):
    err = command("x.ckpt", tmp_path / "x.jpg", f"--threshold={threshold}", code=2).err
    assert err.startswith("error: --threshold=")
