"""The line of an epoch."""

from types import SimpleNamespace

import pytest
import torch

from tasks.training import epoch_report
from tasks.training.epoch_report import EpochReport, duration
from tasks.training.progress import Throughput


def trainer(epoch=0, step=10, score=None, **options):
    """Of a run of four epochs of ten steps."""
    return SimpleNamespace(
        current_epoch=epoch,
        global_step=step,
        max_epochs=4,
        max_steps=-1,
        sanity_checking=False,
        callback_metrics={} if score is None else {"val/error": torch.tensor(score)},
        datamodule=SimpleNamespace(steps_per_epoch=lambda: 10, planned_step=lambda step: step),
        strategy=SimpleNamespace(reduce=lambda values, reduce_op: values),
        **options,
    )


@pytest.fixture
def report(monkeypatch):
    """Of a score of which less is better, in kilometres, after two minutes."""
    report = EpochReport("error", "min", "km", Throughput())
    clock = iter([0.0, 120.0, 240.0, 360.0])
    monkeypatch.setattr(epoch_report.time, "monotonic", lambda: next(clock))
    report.on_train_start(trainer(step=0), None)
    return report


def step(report, **losses):
    values = {name: torch.tensor(value) for name, value in losses.items()}
    report.on_train_batch_end(trainer(), None, {"losses": values}, None, 0)


def test_means_score_best_and_time_left(report):
    report.on_train_epoch_start(trainer(), None)
    step(report, loss=3.0, boxes=1.0, classes=2.0)
    step(report, loss=2.0, boxes=1.5)
    report.on_validation_end(trainer(score=1200.0), None)
    line = report.line(trainer(), report.losses(trainer()))
    assert line == (
        "epoch 1 of 4: loss 2.5 (boxes 1.25, classes 2); error 1,200 km, the best so far; "
        "6 min left"
    )
    report.on_train_epoch_start(trainer(1), None)
    step(report, loss=1.0, boxes=1.0)
    report.on_validation_end(trainer(1, score=1500.0), None)
    line = report.line(trainer(1, 20), report.losses(trainer()))
    assert line == ("epoch 2 of 4: loss 1; error 1,500 km, best 1,200 km after epoch 1; 4 min left")


def test_the_last_epoch_and_one_without_validation(report):
    report.best = (1200.0, 2)
    report.on_train_epoch_start(trainer(3), None)
    step(report, loss=1.0, boxes=1.0)
    assert report.line(trainer(3, 40), report.losses(trainer())) == "epoch 4 of 4: loss 1"


def test_a_continued_run_knows_the_best(report):
    report.on_validation_end(trainer(2, score=7.0), None)
    other = EpochReport("error", "min", "km", Throughput())
    other.load_state_dict(report.state_dict())
    assert other.best == (7.0, 3)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(41.2, "41 s"), (200, "3 min"), (3600, "1 h"), (7800, "2 h 10 min"), (273600, "3 d 4 h")],
)
def test_durations_in_words(seconds, said):
    assert duration(seconds) == said
