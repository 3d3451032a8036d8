"""Detection with any head: what the head is given, and how its answer is converted."""

import json
from types import SimpleNamespace

import hydra
import numpy as np
import pytest
import torch
from torch import nn

from backbone.mobilenet_v1 import MobileNetV1
from tasks.data.labels import Labels
from tasks.detection.coco.dataset import CocoDetection, collate_detection
from tasks.detection.coco.index import load_index
from tasks.detection.crop import RandomCrop
from tasks.detection.data import CocoData
from tasks.detection.evaluation.arrays import Detections
from tasks.detection.evaluation.metric import CocoAP, evaluate
from tasks.detection.presenter import BoxPresenter
from tasks.detection.ssd import SSD
from tasks.detection.task import Detection
from tasks.images.files import PADDING
from tasks.images.preprocessing import Augmentation
from tasks.images.view import View
from tasks.training.pictures import draw_pictures
from tests.conftest import ROOT
from tests.tasks.conftest import LOADING
from tests.tasks.detection.coco.loading import load_split

LABELS = Labels(91, list(range(1, 91)), list(range(1, 91)), [str(i) for i in range(1, 91)])
DETECTORS = sorted(path.stem for path in ROOT.glob("conf/task/*_coco.yaml"))


class Oracle(nn.Module):
    """A head that gives a preset answer, and keeps the images that it was given."""

    def __init__(self):
        super().__init__()
        self.trunk = SimpleNamespace(normalization=((0.5,) * 3, (0.5,) * 3))
        self.answer, self.seen = None, None

    def forward(self, images):
        self.seen, self.mode = images, "training" if self.training else "evaluation"
        return images

    def loss(self, outputs, boxes, labels, valid):
        self.boxes, self.valid = boxes, valid
        return {"box": outputs.sum()}

    def detect(self, outputs):
        return dict(self.answer)


def detection(**options) -> Detection:
    return Detection(Oracle(), LABELS, **options)


def perfect(batch) -> dict[str, torch.Tensor]:
    """The ground truth of a batch as a head's answer, with falling scores."""
    scores = torch.linspace(0.9, 0.1, batch["boxes"].shape[1]).expand(len(batch["boxes"]), -1)
    return {"scores": scores} | {name: batch[name] for name in ("boxes", "labels", "count")}


def predicted(batch, answer) -> dict[str, torch.Tensor]:
    """What `predict` makes of a head's answer to a batch."""
    task = detection()
    task.head.answer = answer
    return task.predict(batch)


@pytest.mark.parametrize("keep_aspect", [False, True])
@pytest.mark.parametrize("size", [(64, 64), (60, 104), (150, 70)])
def test_boxes_come_back_in_original_pixels(coco_files, tmp_path, size, keep_aspect):
    index = load_index(*coco_files, cache_dir=tmp_path, num_classes=91)
    data = CocoDetection(index, size, view=View(keep_aspect=keep_aspect))
    batch = collate_detection([data[i] for i in range(3)])
    found = predicted(batch, perfect(batch))
    assert found["count"].tolist() == [2, 1, 0]
    for i in range(3):
        count = found["count"][i]
        rows = slice(data.offsets[i], data.offsets[i + 1])
        np.testing.assert_allclose(found["boxes"][i, :count], data.boxes[rows], atol=1e-4)
        assert found["labels"][i, :count].tolist() == data.labels[rows].tolist()


@pytest.mark.parametrize("keep_aspect", [False, True])
def test_real_boxes_come_back_and_score_one(real_coco, tmp_path, keep_aspect):
    """File to input to answer to metric: the ground truth as detections has AP 1."""
    index, _ = load_split(real_coco, "val", cache_dir=tmp_path)
    data = CocoDetection(index, (96, 160), view=View(keep_aspect=keep_aspect))
    metric = CocoAP(index.ground_truth())
    worst = 0.0
    for start in range(0, len(data), 16):
        rows = range(start, min(start + 16, len(data)))
        batch = collate_detection([data[i] for i in rows])
        found = predicted(batch, perfect(batch))
        metric.update(found, batch["image_id"])
        assert torch.equal(found["count"], batch["count"])
        for k, i in enumerate(rows):
            true = data.boxes[data.offsets[i] : data.offsets[i + 1]]
            back = found["boxes"][k, : len(true)].numpy()
            worst = max(worst, np.abs(back - true).max(initial=0.0))
    assert worst < 1e-3, "pixels of photographs of 640"
    scores = metric.compute().metrics
    assert scores["AP"] == scores["AP50"] == pytest.approx(1.0, abs=1e-12)
    if keep_aspect:  # the test can fail: here the boxes are scaled as if the images were stretched
        batch["extent"][:] = torch.tensor([96.0, 160.0])
        assert not torch.allclose(
            predicted(batch, perfect(batch))["boxes"], found["boxes"], atol=5.0
        )


def test_boxes_are_clipped_to_the_image_and_left_out_in_the_padding():
    batch = {
        "image": torch.zeros(2, 3, 100, 200, dtype=torch.uint8),
        "size": torch.tensor([[50, 50], [100, 200]]),
        "extent": torch.tensor([[100.0, 100.0], [100.0, 200.0]]),
    }
    boxes = [[120.0, 10, 180, 60], [80, 20, 140, 60], [0, 0, 10, 10], [100, 0, 150, 99]]
    answer = {
        "boxes": torch.tensor([boxes, boxes]),
        "scores": torch.tensor([[0.9, 0.8, 0.7, 0.6]] * 2),
        "labels": torch.tensor([[1, 2, 3, 4]] * 2),
        "count": torch.tensor([4, 3]),
    }
    found = predicted(batch, answer)
    assert found["count"].tolist() == [2, 3]
    assert found["boxes"][0, :2].tolist() == [[40, 10, 50, 30], [0, 0, 5, 5]]
    assert found["scores"][0, :2].tolist() == pytest.approx([0.8, 0.7])
    assert found["labels"][0, :2].tolist() == [2, 3]
    assert found["boxes"][1, :3].tolist() == boxes[:3]
    assert found["boxes"].shape == (2, 4, 4), "a fixed shape"


@pytest.mark.parametrize("crop", [None, RandomCrop()])
@pytest.mark.parametrize("keep_aspect", [False, True])
def test_a_flip_keeps_boxes_on_their_objects(coco_files, tmp_path, keep_aspect, crop):
    """Objects are red on blue; the flip moves the padding from the right to the left."""
    index = load_index(*coco_files, cache_dir=tmp_path, num_classes=91)
    view = View(keep_aspect=keep_aspect)
    data = CocoDetection(index, (60, 160), crop=crop, view=view)
    task = detection(view=view, augmentation=Augmentation(flip=1.0))
    batch = collate_detection([data[i, epoch] for epoch in range(10) for i in range(2)])
    task.loss(batch)
    # the head saw red as 1, blue as -1 and padding as 0 in the first channel
    padded = ((task.head.seen * 127.5 + 127.5).round() == PADDING).all(1)
    for i in range(20):
        extent = int(batch["extent"][i, 1])
        assert padded[i, :, : 160 - extent].all()
        assert not padded[i, : int(batch["extent"][i, 0]), 160 - extent :].all(0).any()
        if keep_aspect and crop is None:
            assert extent < 160, "there is padding to move"
        for x0, y0, x1, y1 in task.head.boxes[i][task.head.valid[i]].tolist():
            inner = task.head.seen[i, 0, int(y0) + 5 : int(y1) - 4, int(x0) + 5 : int(x1) - 4]
            assert (inner > 0).all()
    assert task.head.valid.sum() == batch["count"].sum()


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("loss", ["mining", "focal"])
def test_a_batch_without_boxes_trains_with_a_finite_loss(coco_files, tmp_path, loss, bf16):
    index = load_index(*coco_files, cache_dir=tmp_path, num_classes=91)
    view = View(keep_aspect=True)
    data = CocoDetection(index, (96, 96), crop=RandomCrop(), view=view)
    batch = collate_detection([data[2, epoch] for epoch in range(3)])
    assert batch["count"].tolist() == [0, 0, 0]
    torch.manual_seed(0)
    head = SSD(MobileNetV1(0.25), 91, (96, 96), taps=("conv11", "conv13"), loss=loss)
    augmentation = Augmentation(flip=0.5, brightness=0.1)
    task = Detection(head, LABELS, view=view, augmentation=augmentation).train()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        terms = task.loss(batch)
        total = torch.stack(list(terms.values())).sum()
    total.backward()
    assert all(term.isfinite() for term in terms.values())
    assert terms["box"] == 0
    gradients = [p.grad for p in task.parameters() if p.grad is not None]
    assert gradients
    assert all(gradient.isfinite().all() for gradient in gradients)
    # mining takes its negatives by the positives; focal loss learns from every anchor
    assert any(gradient.any() for gradient in gradients) == (loss == "focal")


@pytest.mark.slow
def test_pictures_show_what_evaluation_saw(sample, tmp_path, monkeypatch):
    """Pictures use the evaluation mode's batch norm, and boxes are drawn without the padding."""
    data = CocoData(
        root=str(sample),
        year=2017,
        minival_ids=None,
        num_classes=91,
        view=View(keep_aspect=True),
        cache=str(tmp_path),
        **LOADING | {"size": [96, 160], "crop": True},
    )
    data.setup("fit")
    task = detection(view=data.view).train()
    task.head.answer = perfect(data.collate([data.datasets["val"][i] for i in range(9)]))
    truth = data.ground_truth("val", 9)
    task.result = evaluate(truth, Detections([], [], [], []))
    drawn = []
    monkeypatch.setattr(
        BoxPresenter, "draw", lambda self, image, *rest: drawn.append(rest) or image
    )
    directory = SimpleNamespace(path=tmp_path, plots=tmp_path / "plots")
    run = SimpleNamespace(task=task, data=data, directory=directory, trains=False)
    draw_pictures(run, baselines={})
    assert task.head.mode == "evaluation"
    index = data.indices["val"]
    for i, (answer, truth) in enumerate(drawn):
        boxes = index.boxes[index.offsets[i] : index.offsets[i + 1]].tolist()
        assert np.asarray(truth).tolist() == boxes
        found = [box["xyxy"] for box in answer["boxes"]]
        np.testing.assert_allclose(found, truth[: len(found)], atol=0.06)  # written to a tenth
        assert bool(found) == bool(len(truth))
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        "confusion_matrix.png",
        "precision_recall.png",
        "precision_recall_per_category.png",
        "predictions.png",
        "score_threshold.png",
        "worst_images.png",
    }


@pytest.mark.parametrize("task", DETECTORS)
def test_a_detector_has_the_view_of_its_data(task):
    with hydra.initialize_config_module("conf", version_base="1.3"):
        for options in ([], ["data.view.keep_aspect=true"], ["data.view.keep_aspect=false"]):
            config = hydra.compose("config", [f"task={task}", *options])
            # a task is built with data.view
            assert config.data.module.view == config.data.view
            assert "view" not in config.task.module
            for option in options:
                assert option == f"data.view.keep_aspect={config.data.view.keep_aspect}".lower()


@pytest.mark.cuda
@pytest.mark.slow
def test_a_gpus_decoder_scores_as_the_loader_processes_do(run, detector, tiny, tmp_path):
    found = {}
    for decode in ("cpu", "cuda"):
        runs = tmp_path / decode
        run(
            *(option for option in tiny if not option.startswith(("mode=", "paths.runs="))),
            *("mode=evaluate", "trainer.max_epochs=0", f"data.decode={decode}"),
            *(f"backbone.weights={detector.path / 'best.ckpt'}", f"paths.runs={runs}"),
        )
        (path,) = runs.glob("ssd_coco/*/result.json")
        found[decode] = json.loads(path.read_text())["metrics"]
    # in points of AP
    assert found["cuda"]["AP"] == pytest.approx(found["cpu"]["AP"], abs=0.002)
    assert found["cuda"]["AP50"] == pytest.approx(found["cpu"]["AP50"], abs=0.005)
