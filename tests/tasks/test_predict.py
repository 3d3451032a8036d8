"""Predicting from a checkpoint alone, and refusing what cannot be predicted."""

import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tasks import predict
from tasks.classification.task import Classification
from tasks.data.image_index import ImageIndex
from tasks.data.labelled_images import LabelledImages
from tasks.data.module import Labels
from tasks.detection.coco.dataset import CocoDetection, collate_detection
from tasks.detection.coco.index import load_index
from tasks.detection.evaluation.arrays import Detections
from tasks.detection.evaluation.metric import evaluate
from tasks.detection.task import Detection
from tasks.images.files import open_image
from tasks.images.video import open_video
from tasks.images.view import View
from tasks.training.answering import coco_entries
from tasks.training.checkpoints import read_checkpoint
from tasks.training.model import Model
from tasks.training.restore import load_task
from tasks.training.saving import AtomicCheckpointIO
from tests.tasks.images.videos import write_video

LABELS = Labels(2, [1], [1], ["thing"])


@pytest.fixture
def checkpoint(detector):
    return detector.path / "best.ckpt"


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)  # for the default --output

    def call(*arguments) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["predict", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            predict.main()
        return stop.value.code, capsys.readouterr().err

    return call


@pytest.fixture
def photographs(tmp_path):
    """Photographs large and odd: turned, upright, a strip, 16-bit grey, see-through, one pixel."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    y, x = np.mgrid[0:1201, 0:1603]
    waves = np.stack([np.sin(x / 50), np.cos(y / 40), np.sin((x + y) / 70)], 2) * 90 + 128
    large = Image.fromarray(waves.astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    large.save(folder / "large.jpg", quality=95)
    large.save(folder / "turned.jpg", exif=exif)
    large.crop((0, 0, 1603, 90)).save(folder / "strip.jpg")
    large.resize((211, 499)).save(folder / "upright.webp")
    Image.fromarray((waves[:300, :200, 0] * 256).astype(np.uint16)).save(folder / "grey.png")
    see_through = large.resize((64, 48)).convert("RGBA")
    see_through.putalpha(100)
    see_through.save(folder / "see_through.png")
    large.crop((0, 0, 1, 1)).save(folder / "dot.png")
    return folder


@pytest.fixture
def index(photographs, tmp_path):
    """The photographs as a detection set, without boxes, measured as they are seen."""
    sizes = {path.name: open_image(path).size for path in sorted(photographs.iterdir())}
    rows = [
        {"id": i, "file_name": name, "width": width, "height": height}
        for i, (name, (width, height)) in enumerate(sizes.items())
    ]
    content = {"images": rows, "annotations": [], "categories": [{"id": 1, "name": "thing"}]}
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(content))
    return load_index(path, photographs, cache_dir=tmp_path)


class Bare(nn.Module):
    """As much of a head as a task asks for before it predicts."""

    trunk = SimpleNamespace(normalization=((0.5,) * 3, (0.5,) * 3))


def bare_model(task, size) -> Model:
    return Model(task, SimpleNamespace(size=size), "cpu")


@pytest.mark.parametrize("keep_aspect", [False, True])
@pytest.mark.parametrize("size", [(128, 128), (90, 160)])
def test_a_detector_sees_what_its_loaders_showed_it(index, size, keep_aspect):
    view = View(keep_aspect=keep_aspect)
    data = CocoDetection(index, size, view=view)
    model = bare_model(Detection(Bare(), labels=LABELS, view=view), size)
    assert len(data) == 7
    for i, item in enumerate(data):
        image = open_image(index.path(i))
        pixels = model.pixels(index.path(i), image.width, image.height)
        assert np.array_equal(pixels, item["image"]), index.path(i)
        extent = view.extent(image.width, image.height, size)
        assert list(extent) == item["extent"].tolist()
        assert [image.height, image.width] == item["size"].tolist()


def test_a_classifier_sees_what_its_loaders_showed_it(photographs):
    paths = sorted(photographs.iterdir())
    names = np.array([path.name.encode() for path in paths])
    classes = (("a", "A"),)
    index = ImageIndex(str(photographs), names, np.zeros(len(paths), np.int64), classes)
    view = View(crop_fraction=0.875)
    data = LabelledImages(index, (96, 80), view=view)
    model = bare_model(Classification(Bare(), labels=LABELS, view=view), (96, 80))
    for i, path in enumerate(paths):
        pixels = model.pixels(path, *open_image(path).size)
        assert np.array_equal(pixels, data[i]["image"]), path.name


def make_confident(checkpoint, path):
    """A copy of a checkpoint with confident outputs, so that there are boxes to look at."""
    state = torch.load(checkpoint, weights_only=True)
    for name, tensor in state["state_dict"].items():
        if name.startswith("head.class_predictors") and name.endswith("bias"):
            tensor.view(-1, 91)[:, 17] = 3.0  # everything is a cat
    AtomicCheckpointIO().save_checkpoint(state, path)  # with the checksum of the new weights
    return path


def test_writes_pictures_and_boxes_in_original_pixels(checkpoint, command, sample, tmp_path):
    confident = make_confident(checkpoint, tmp_path / "confident.ckpt")
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


def test_padded_photographs_get_the_boxes_of_evaluation(
    run, tiny, command, photographs, index, tmp_path
):
    answer = run(*tiny, "trainer.max_epochs=1", "data.view.keep_aspect=true", "size=[96,160]")
    assert answer.code == 0, answer.err
    (checkpoint,) = tmp_path.glob("runs/ssd_coco/*/best.ckpt")
    confident = make_confident(checkpoint, tmp_path / "confident.ckpt")
    code, _ = command(confident, photographs, "--output", tmp_path / "out")
    assert code == 0
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


def test_an_unreadable_image_is_named_and_the_others_go_on(checkpoint, command, sample, tmp_path):
    good = sorted((sample / "val2017").iterdir())[0]
    bad = tmp_path / "cut.jpg"
    bad.write_bytes(good.read_bytes()[:400])
    code, err = command(checkpoint, bad, good, tmp_path / "gone.jpg", "--output", tmp_path / "out")
    assert code == 2
    assert "cut.jpg" in err
    assert "gone.jpg" in err
    assert len(json.loads((tmp_path / "out/predictions.json").read_text())) == 1


def test_inputs_of_one_name_get_pictures_of_their_own(checkpoint, command, sample, tmp_path):
    source = sorted((sample / "val2017").iterdir())[0]
    folder = tmp_path / "photos"
    given = [folder / name for name in ("x-2.jpg", "x.jpg", "sub/x.jpg")]
    for path in given:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)
    (folder / "notes.txt").touch()
    code, _ = command(checkpoint, folder, *given, "--output", folder / "out")
    assert code == 0
    answers = json.loads((folder / "out/predictions.json").read_text())
    assert len(answers) == 6
    pictures = {answer["picture"] for answer in answers}
    assert pictures == {path.name for path in (folder / "out").glob("*.jpg")}
    assert len(pictures) == 6
    # again: the first answers are no images of the folder
    code, _ = command(checkpoint, folder, "--output", folder / "out")
    assert code == 0
    assert len(json.loads((folder / "out/predictions.json").read_text())) == 3


def test_what_is_no_file_is_named_and_the_others_go_on(checkpoint, command, sample, tmp_path):
    good = sorted((sample / "val2017").iterdir())[0]
    os.mkfifo(tmp_path / "pipe.jpg")
    url = "https://example.org/cat.jpg"
    out = tmp_path / "out"
    code, err = command(checkpoint, tmp_path / "pipe.jpg", url, "/dev/null", good, "--output", out)
    assert code == 2
    lines = err.splitlines()
    assert len(lines) == 3
    assert f"{tmp_path / 'pipe.jpg'} is a pipe" in lines[0]
    assert "download it" in lines[1]
    assert "/dev/null is a device" in lines[2]
    assert len(json.loads((out / "predictions.json").read_text())) == 1


def test_outputs_never_replace_inputs(checkpoint, command, sample, tmp_path):
    shutil.copy(sorted((sample / "val2017").iterdir())[0], tmp_path / "cat.jpg")
    before = (tmp_path / "cat.jpg").read_bytes()
    code, err = command(checkpoint, tmp_path / "cat.jpg", "--output", tmp_path)
    assert code == 2
    assert "choose another --output" in err
    assert (tmp_path / "cat.jpg").read_bytes() == before
    assert not (tmp_path / "predictions.json").exists()


def test_a_folder_that_cannot_be_written_is_one_line(checkpoint, command, sample, tmp_path):
    (tmp_path / "file").touch()
    code, err = command(checkpoint, sample / "val2017", "--output", tmp_path / "file" / "out")
    assert code == 2
    assert err.startswith(f"error: cannot write {tmp_path / 'file/out'} (")
    assert len(err.splitlines()) == 1


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
        code, _ = command(tmp_path / "chosen.ckpt", photograph, "--output", tmp_path / "out")
        assert code == 0
        kept = [score for score in scores if score >= expected]
        assert sorted(box["score"] for box in boxes_of(tmp_path / "out")) == kept
    assert 0 < len(kept) < len(scores)


def test_a_training_run_chooses_a_threshold(detector):
    result = json.loads((detector.path / "result.json").read_text())
    chosen = read_checkpoint(detector.path / "best.ckpt").chosen
    assert chosen.get("threshold") == pytest.approx(result["threshold"]["score"], abs=1e-6)


@pytest.mark.parametrize("chosen", [[0.3], {"threshold": "0.3"}, {"threshold": float("nan")}])
def test_a_damaged_choice_is_named(checkpoint, command, tmp_path, chosen):
    state = torch.load(checkpoint, weights_only=True)
    torch.save(state | {"chosen": chosen}, tmp_path / "odd.ckpt")
    code, err = command(tmp_path / "odd.ckpt", tmp_path / "x.jpg")
    assert code == 2
    assert "odd.ckpt: what its validation chose is damaged" in err


@pytest.mark.parametrize("threshold", ["1.5", "-0.1", "nan"])
def test_a_threshold_is_a_score(command, tmp_path, threshold):
    code, err = command("x.ckpt", tmp_path / "x.jpg", f"--threshold={threshold}")
    assert code == 2
    assert err.startswith("error: --threshold=")


def test_cocos_list_scores_what_the_run_scored(detector, checkpoint, command, sample, tmp_path):
    code, _ = command(
        checkpoint, sample / "val2017", "--format", "coco", "--output", tmp_path / "out"
    )
    assert code == 0
    index = load_index(
        sample / "annotations/instances_val2017.json", sample / "val2017", cache_dir=tmp_path
    )
    found = json.loads((tmp_path / "out/predictions.json").read_text())
    assert set(found[0]) == {"image_id", "category_id", "bbox", "score"}
    columns = ([f[k] for f in found] for k in ("image_id", "category_id", "bbox", "score"))
    metrics = evaluate(index.ground_truth(), Detections(*columns)).metrics
    reported = json.loads((detector.path / "result.json").read_text())["metrics"]
    assert metrics == pytest.approx(reported, abs=2e-3)
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 9


def test_ids_in_cocos_list():
    model = SimpleNamespace(
        presenter=SimpleNamespace(coco_results=lambda p, i, name: [{"image_id": name, "score": 1}])
    )

    def ids(*names: str) -> list:
        paths = [Path(name) for name in names]
        entries = coco_entries(paths, 0.0)
        rows = [entries(model, SimpleNamespace(path=path), {}, {}, 0) for path in paths]
        return [row["image_id"] for (row,) in rows]

    assert ids("a/000139.jpg", "b/7.png") == [139, 7]
    assert ids("a/000139.jpg", "b/x.png") == ["000139.jpg", "x.png"]
    assert ids("a/7.jpg", "b/07.jpg") == ["7.jpg", "07.jpg"]
    assert ids("a/7.jpg", "b/7.jpg") == ["a/7.jpg", "b/7.jpg"]


def test_a_video_is_answered_frame_by_frame(checkpoint, command, sample, tmp_path):
    confident = make_confident(checkpoint, tmp_path / "confident.ckpt")
    paths = sorted((sample / "val2017").iterdir())[:5]
    frames = [np.asarray(open_image(path).resize((128, 64))) for path in paths]
    stored = [np.ascontiguousarray(np.rot90(frame)) for frame in frames]
    film = write_video(tmp_path / "film.mp4", stored, rotation=-90)
    (tmp_path / "broken.mp4").write_bytes(film.read_bytes()[:500])
    before = film.read_bytes()
    code, err = command(
        *(confident, film, tmp_path / "broken.mp4", paths[0]),
        *("--output", tmp_path / "out", "--threshold", 0.5),
    )
    assert code == 2
    assert "broken.mp4: not a video that can be read" in err
    image, video = json.loads((tmp_path / "out/predictions.json").read_text())
    assert image["image"] == str(paths[0])
    assert (video["video"], video["picture"]) == (str(film), "film.mp4")
    assert [row["frame"] for row in video["frames"]] == list(range(5))
    assert [row["time"] for row in video["frames"]] == [0, 0.1, 0.2, 0.3, 0.4]
    xyxy = np.array([box["xyxy"] for row in video["frames"] for box in row["boxes"]])
    assert 64 < xyxy[:, 2].max() <= 128
    assert xyxy[:, 3].max() <= 64, "in pixels of the frame as it is shown"
    with open_video(tmp_path / "out/film.mp4") as written:
        assert [frame.image.size for frame in written.frames()] == [(128, 64)] * 5
    code, err = command(confident, film, "--output", tmp_path)
    assert (code, film.read_bytes()) == (2, before)
    assert "would replace" in err
    code, err = command(confident, film, "--format", "coco")
    assert code == 2
    assert "COCO's list has no frames" in err


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
