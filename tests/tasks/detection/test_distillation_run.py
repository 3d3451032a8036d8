"""Whole runs of a student: interrupted, in two processes, on photographs without boxes."""

import json
from types import SimpleNamespace

import pytest
import torch

from tasks.training.restore import load_task
from tasks.training.task import Task
from tests.conftest import assert_same_weights, only_run, result_of, start, tiny_options
from tests.tasks.training.test_several_processes import TWO, finish


@pytest.fixture(scope="module")
def pupil(detector, sample, tmp_path_factory) -> SimpleNamespace:
    """A student of a detector, on photographs without boxes, with a projection."""
    folder = tmp_path_factory.mktemp("pupil")
    photographs = folder / "photographs"
    photographs.mkdir()
    for path in sorted((sample / "train2017").iterdir()):
        (photographs / path.name).symlink_to(path)
    options = [
        *tiny_options(sample, folder),
        "backbone.alpha=0.2",
        "distill=teacher",
        f"distill.teacher={detector.path / 'best.ckpt'}",
        "task.distillation.features=1",
        f"data.unlabelled={photographs}",
        "trainer.checkpoint_minutes=0.0001",
    ]
    return SimpleNamespace(folder=folder, options=options)


@pytest.mark.slow
def test_an_interrupted_student_ends_the_same_and_answers_alone(run, pupil, tmp_path, monkeypatch):
    answer = run(*pupil.options)
    assert "on these images" in answer.out
    path = only_run(pupil.folder / "runs")

    def stop(self, *args):
        if self.global_step == 8:
            raise KeyboardInterrupt

    again = [*pupil.options, f"paths.runs={tmp_path / 'runs'}"]
    with monkeypatch.context() as patch:
        patch.setattr(Task, "on_train_batch_end", stop)
        run(*again, code=130)
    run(*again)
    assert_same_weights(path, only_run(tmp_path / "runs"))
    last = torch.load(path / "last.ckpt", weights_only=True)
    learnt = [name for name in last["training_state_dict"] if name.startswith("teaching.")]
    assert learnt
    assert any(
        not torch.equal(last["training_state_dict"][name], last["state_dict"][name])
        for name in learnt
    ), "the projection is averaged"
    task, _ = load_task(path / "best.ckpt")
    assert not any(name.startswith("teaching.") for name in task.state_dict())

    teacher = result_of(path)["teacher"]
    assert teacher["answers"] == "anchors"
    assert teacher["scores"]["AP"] == pytest.approx(teacher["recorded"]["AP"], abs=1e-6)
    described = result_of(path)["data"]
    assert "24 photographs of" in str(described)
    assert "without boxes" in str(described)

    options = [option for option in pupil.options if not option.startswith("mode=")]
    run(
        *options, "mode=evaluate", "trainer.max_epochs=0", f"backbone.weights={path / 'best.ckpt'}",
        f"paths.runs={tmp_path / 'scored'}",
    )  # fmt: skip
    (found,) = (tmp_path / "scored").glob("*/*/result.json")
    metrics = [json.loads(p.read_text())["metrics"] for p in (found, path / "result.json")]
    assert metrics[0] == pytest.approx(metrics[1], abs=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_two_processes_teach_one_student(pupil, tmp_path):
    """Both find the teacher's score of one process, and the projection stays the same in both."""
    options = [*pupil.options, "data.batch_size=3", *TWO, f"paths.runs={tmp_path / 'runs'}"]
    output, errors = finish(start(options))
    assert errors == ""
    assert output.count("on these images") == output.count("distillation: ") == 1
    teacher = result_of(only_run(tmp_path / "runs"))["teacher"]
    assert teacher["scores"]["AP"] == pytest.approx(teacher["recorded"]["AP"], abs=1e-6)


@pytest.mark.slow
def test_photographs_without_boxes_need_a_teacher(run, pupil, tiny, detector, tmp_path):
    wanted = {
        "add distill=teacher distill.teacher=best.ckpt": ["data.unlabelled=train2017"],
        "leave distill.weight at 1": [
            *("data.unlabelled=train2017", "distill=teacher", "distill.weight=0.5"),
            "distill.teacher=x.ckpt",
        ],
        "is not a folder": [
            *("data.unlabelled=nowhere", "distill=teacher", "distill.teacher=x.ckpt"),
        ],
        "a file cannot hold them": ["distill=cached", "distill.outputs=x.npz"],
        "no such checkpoint": ["distill=teacher", "distill.teacher=x.ckpt"],
        "has other anchors": [
            *("distill=teacher", f"distill.teacher={detector.path / 'best.ckpt'}", "size=128"),
            "task.distillation.answers=anchors",
        ],
    }
    for said, options in wanted.items():
        answer = run(*tiny, *options, code=2)
        assert said in answer.err, answer.err
        assert "Traceback" not in answer.err
