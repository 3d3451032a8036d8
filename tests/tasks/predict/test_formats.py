"""COCO's result list, and videos."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tasks.detection.coco.index import load_index
from tasks.detection.evaluation.arrays import Detections
from tasks.detection.evaluation.metric import evaluate
from tasks.images.files import open_image
from tasks.images.video import open_video
from tasks.training import answering
from tasks.training.answering import coco_entries
from tests.conftest import result_of
from tests.tasks.conftest import CHECKPOINTS
from tests.tasks.images.videos import write_video
from tests.tasks.predict.conftest import make_confident


def test_cocos_list_scores_what_the_run_scored(detector, checkpoint, command, sample, tmp_path):
    command(checkpoint, sample / "val2017", "--format", "coco", "--output", tmp_path / "out")
    index = load_index(
        sample / "annotations/instances_val2017.json", sample / "val2017", cache_dir=tmp_path
    )
    found = json.loads((tmp_path / "out/predictions.json").read_text())
    assert set(found[0]) == {"image_id", "category_id", "bbox", "score"}
    columns = ([f[k] for f in found] for k in ("image_id", "category_id", "bbox", "score"))
    metrics = evaluate(index.ground_truth(), Detections(*columns)).metrics
    reported = result_of(detector.path)["metrics"]
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


def test_cocos_list_of_a_classifier_is_refused_before_an_image_is_read(
    command, photographs, monkeypatch
):
    monkeypatch.setattr(answering, "read_images", lambda *_: pytest.fail("an image is read"))
    err = command(CHECKPOINTS / "image_folder.ckpt", photographs, "--format", "coco", code=2).err
    assert "--format coco is for detectors: these answers are not boxes" in err


def test_a_video_is_answered_frame_by_frame(checkpoint, command, sample, tmp_path):
    confident = make_confident(checkpoint, tmp_path / "confident.ckpt")
    paths = sorted((sample / "val2017").iterdir())[:5]
    frames = [np.asarray(open_image(path).resize((128, 64))) for path in paths]
    stored = [np.ascontiguousarray(np.rot90(frame)) for frame in frames]
    film = write_video(tmp_path / "film.mp4", stored, rotation=-90)
    (tmp_path / "broken.mp4").write_bytes(film.read_bytes()[:500])
    before = film.read_bytes()
    err = command(
        *(confident, film, tmp_path / "broken.mp4", paths[0]),
        *("--output", tmp_path / "out", "--threshold", 0.5),
        code=2,
    ).err
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
    err = command(confident, film, "--output", tmp_path, code=2).err
    assert film.read_bytes() == before
    assert "would replace" in err
    err = command(confident, film, "--format", "coco", code=2).err
    assert "COCO's list has no frames" in err
