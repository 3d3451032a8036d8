"""Scoring answers with a folded copy of the head, and leaves the trained one alone."""

from contextlib import nullcontext

import pytest
import torch
from torch import nn

from backbone.classifier import Classifier
from backbone.mobilenet_v1 import MobileNetV1
from tasks.classification.task import Classification
from tasks.data.labels import Labels
from tasks.training.checkpoints import read_checkpoint
from tasks.training.model import Model
from tasks.training.restore import load_task
from tasks.training.task import Task

BATCH = {"image": torch.randint(0, 256, (2, 3, 48, 64), generator=torch.Generator().manual_seed(0))}


def norms(module):
    return [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]


@pytest.fixture
def task():
    head = Classifier(MobileNetV1(0.25), 3)
    return Classification(head=head, labels=Labels(3, [0, 1, 2], [0, 1, 2], list("abc"))).eval()


def test_the_head_is_folded_only_while_it_answers(task):
    trained, keys = task.head, task.state_dict().keys()
    with task.answering():
        answering = task.head
        assert not norms(answering)
    assert task.head is trained
    with task.answering():
        assert task.head is answering, "folded once per evaluation"
    with pytest.raises(ZeroDivisionError), task.answering():
        raise ZeroDivisionError
    assert task.head is trained
    assert task.state_dict().keys() == keys


def test_a_compiled_task_answers_with_its_own_head(task):
    task.is_compiled = True
    trained = task.head
    with task.answering():
        assert task.head is trained


def test_a_model_is_folded_and_answers_the_same(detector):
    path = detector.path / "best.ckpt"
    task, checkpoint = load_task(path)
    model = Model.load(path)
    assert norms(task)
    assert not norms(model.task)
    batch = {
        "image": torch.randint(0, 256, (3, 3, *checkpoint.size)),
        "size": torch.full((3, 2), 96),
        "extent": torch.full((3, 2), 96.0),
    }
    with torch.inference_mode():
        expected, found = task.predict(batch), model.task.predict(batch)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-4)


def test_scores_are_those_of_the_trained_head(detector, run, tiny, tmp_path, monkeypatch):
    """Of a whole evaluation, to 1e-5; and nothing of the folded copy is in the checkpoint."""
    source = detector.path / "best.ckpt"
    options = [*tiny, "trainer.max_epochs=0", f"backbone.weights={source}"]
    scores = []
    for folded in (True, False):
        if not folded:
            monkeypatch.setattr(Task, "answering", nullcontext)
        run(*options, f"paths.runs={tmp_path / str(folded)}")
        (path,) = (tmp_path / str(folded)).glob("ssd_coco/*/best.ckpt")
        scores.append(read_checkpoint(path).scores)
        assert read_checkpoint(path).state.keys() == read_checkpoint(source).state.keys()
    assert scores[0]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
