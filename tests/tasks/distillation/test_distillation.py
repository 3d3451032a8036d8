"""Whole runs that learn from a teacher, on the classifier's tiny set."""

import numpy as np
import pytest
import torch
from torch import nn

from backbone.errors import InputError
from tasks.runs.metrics_csv import read_metrics
from tests.conftest import quick_options

LOSS = "train/distillation"


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """A drawn set of class folders, 48 + 24 pictures, one for all test processes."""
    from tasks.samples.imagenet import draw_imagenet

    root = tmp_path_factory.getbasetemp().parent / "drawn-folders"
    draw_imagenet(root, layout="folders", train=48, val=24, workers=1)
    return root


def quick(folders, folder):
    """Options of runs that take seconds."""
    options = ["task=image_folder", "mode=smoke", "backbone.alpha=0.25", "size=48"]
    return [*options, f"data.root={folders}", "data.batch_size=8", *quick_options(folder)]


@pytest.fixture
def options(folders, tmp_path):
    return quick(folders, tmp_path)


@pytest.fixture(scope="module")
def teacher(run, folders, tmp_path_factory):
    """A checkpoint at another size and with other pixel values than the student's."""
    folder = tmp_path_factory.mktemp("teacher")
    run(*quick(folders, folder), "size=64", "seed=1")
    (best,) = folder.glob("runs/image_folder/*/best.ckpt")
    return best


def test_a_student_learns_from_a_checkpoint_and_leaves_it_as_it_was(
    run, options, teacher, tmp_path
):
    before = teacher.read_bytes()
    answer = run(*options, "distill=teacher", f"distill.teacher={teacher}")
    assert "on these images" in answer.out
    assert teacher.read_bytes() == before
    (best,) = tmp_path.glob("runs/image_folder/*/best.ckpt")
    held = torch.load(best, weights_only=True)
    theirs = torch.load(teacher, weights_only=True)
    assert held["state_dict"].keys() == theirs["state_dict"].keys()
    in_optimizer = sum(len(g["params"]) for g in held["optimizer_states"][0]["param_groups"])
    assert in_optimizer == sum(1 for k in held["state_dict"] if parameter(k))
    assert {g["weight_decay"] for g in held["optimizer_states"][0]["param_groups"]} == {0.0}


def parameter(name: str) -> bool:
    return not name.endswith(("running_mean", "running_var", "num_batches_tracked"))


def test_the_teacher_is_no_part_of_the_student(run, options, teacher, monkeypatch):
    """Nor does it change: parameters, statistics and mode, through a whole training."""
    from tasks.training.task import Task

    seen = []

    def after(self):
        network = self.teaching.source.task
        self.train()
        state = {k: v.clone() for k, v in network.state_dict().items()}
        seen.append((network.training, state, {id(p) for p in network.parameters()}))
        mine = {id(p) for g in self.optimizers().param_groups for p in g["params"]}
        assert not mine & seen[-1][2]
        assert not {id(p) for p in self.parameters()} & seen[-1][2]

    monkeypatch.setattr(Task, "on_train_end", after, raising=False)
    run(*options, "distill=teacher", f"distill.teacher={teacher}")
    ((trains, state, _),) = seen
    assert not trains
    saved = torch.load(teacher, weights_only=True)["state_dict"]
    assert all(torch.equal(state[name], saved[name]) for name in saved)


def losses(folder):
    return [r["value"] for r in read_metrics(folder / "metrics.csv") if r["name"] == LOSS]


def test_cached_and_live_outputs_teach_the_same(run, options, teacher, folders, tmp_path):
    from tasks.teacher import write_outputs

    outputs = tmp_path / "outputs.npz"
    assert write_outputs(teacher, folders / "train", outputs) == 48
    # at the teacher's size, without colour changes: what the file's images looked like
    same = [*options, "size=64", "augment=false"]
    for way in (
        ["distill=teacher", f"distill.teacher={teacher}"],
        ["distill=cached", f"distill.outputs={outputs}"],
    ):
        run(*same, *way)
    live, cached = map(losses, tmp_path.glob("runs/image_folder/*"))
    assert len(live) == 6
    assert live == pytest.approx(cached, rel=1e-3)
    assert live[0] > 1e-3


def test_what_no_outputs_are_written_for_or_over(teacher, folders, tmp_path):
    from tasks.teacher import write_outputs

    image = next(folders.glob("train/*/*"))
    before = image.read_bytes()
    for output, said in ((image, "would replace"), (tmp_path, "is a folder")):
        with pytest.raises(InputError, match=said):
            write_outputs(teacher, folders / "train", output)
    assert image.read_bytes() == before
    with pytest.raises(InputError, match="no such folder"):
        write_outputs(teacher, tmp_path / "nowhere", tmp_path / "o.npz")
    with pytest.raises(InputError, match="no image in this folder"):
        write_outputs(teacher, tmp_path, tmp_path / "o.npz")


def test_a_teacher_sees_its_own_size_and_values():
    """Through a student of other pixel values, the teacher's outputs are what it gives itself."""
    from contextlib import nullcontext
    from types import SimpleNamespace

    from tasks.distillation.teacher import Teacher
    from tasks.images.preprocessing import Preprocess

    student, own = (
        Preprocess(((0.5,) * 3, (0.5,) * 3)),
        Preprocess(((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))),
    )
    head = nn.Conv2d(3, 4, 3)
    teacher = Teacher("x", None)
    teacher.task = SimpleNamespace(head=head, preprocess=own, answering=nullcontext)
    teacher.size = (32, 40)
    teacher.match_values(student)
    images = torch.randint(0, 256, (2, 3, 32, 40), dtype=torch.uint8)
    found = teacher.outputs(student(images), {}, "train")
    torch.testing.assert_close(found, head(own(images)).detach(), rtol=1e-4, atol=1e-4)
    assert not found.is_inference()  # autograd takes it
    assert teacher.outputs(student(images[..., :20]), {}, "train").shape == (2, 4, 30, 38)


def test_a_teacher_far_below_its_record_stops_the_run(run, options, teacher, tmp_path):
    checkpoint = torch.load(teacher, weights_only=True)
    checkpoint["scores"]["top1"] = 0.999
    boasting = tmp_path / "boasting.ckpt"
    torch.save(checkpoint, boasting)
    answer = run(*options, "distill=teacher", f"distill.teacher={boasting}", code=2)
    assert "but 99.9 on its own" in answer.err
    assert "distill.tolerance=null" in answer.err
    run(*options, "distill=teacher", f"distill.teacher={boasting}", "distill.tolerance=null")


def test_a_teacher_of_other_labels_is_named(run, options, teacher, tmp_path):
    checkpoint = torch.load(teacher, weights_only=True)
    renamed = checkpoint["labels"]["ids"][0]
    checkpoint["labels"]["ids"][0] = "unicorn"
    torch.save(checkpoint, tmp_path / "other.ckpt")
    answer = run(*options, "distill=teacher", f"distill.teacher={tmp_path / 'other.ckpt'}", code=2)
    assert f"it lacks: {renamed}; only the teacher has: unicorn" in answer.err


def test_a_file_that_lacks_training_images_names_them(run, options, folders, tmp_path):
    names = sorted(p.relative_to(folders / "train").as_posix() for p in folders.glob("train/*/*"))
    path = tmp_path / "o.npz"
    np.savez(path, name=np.array(names[1:]), output=np.zeros((len(names) - 1, 24)))
    answer = run(*options, "distill=cached", f"distill.outputs={path}", code=2)
    assert "lacks 1 of 48 training images" in answer.err
    assert names[0] in answer.err
    np.savez(path, name=np.array(names), output=np.zeros((len(names), 7)))
    answer = run(*options, "distill=cached", f"distill.outputs={path}", code=2)
    assert "returns 7 values per image, but the student returns 24" in answer.err


def test_a_task_without_a_comparison_says_so(run, tiny):
    options = ["task=faster_rcnn_coco", *tiny[1:]]
    answer = run(*options, "distill=teacher", "distill.teacher=x.ckpt", code=2)
    assert "task=faster_rcnn_coco cannot be distilled" in answer.err
