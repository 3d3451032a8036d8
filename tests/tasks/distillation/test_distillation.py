"""Learning from a teacher: the losses, the teacher's own affairs, and whole runs."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from backbone.errors import InputError
from tasks.distillation.cached_outputs import read_outputs
from tasks.distillation.objective import (
    Distillation,
    attribute_cross_entropy,
    kullback_leibler,
    squared_distance,
)
from tasks.runs.metrics_csv import read_metrics
from tests.conftest import quick_options

LOSS = "train/distillation"
LOSSES = [kullback_leibler, attribute_cross_entropy, squared_distance]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_is_zero_at_equality_and_positive_elsewhere(loss):
    outputs = torch.randn(6, 5, generator=torch.Generator().manual_seed(0)) * 3
    assert loss(outputs, outputs).item() == pytest.approx(0, abs=1e-6)
    assert loss(outputs, outputs.roll(1, 0)) > 0.01


@pytest.mark.parametrize("loss", LOSSES)
def test_equality_is_where_the_gradient_vanishes(loss):
    teacher = torch.randn(4, 5, generator=torch.Generator().manual_seed(1))
    student = teacher.clone().requires_grad_()
    loss(student, teacher).backward()
    assert student.grad.abs().max() < 1e-6


def test_kullback_leibler_by_hand():
    """T = 2: logits (0, 2 log 3) soften to (1/4, 3/4), logits (0, 0) to (1/2, 1/2)."""
    teacher = torch.tensor([[0.0, 2 * math.log(3)]])
    expected = 4 * (0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5))
    found = kullback_leibler(torch.zeros(1, 2), teacher, temperature=2.0)
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_attribute_cross_entropy_by_hand():
    """One attribute of two agrees; the other was given 1/5 for the teacher's 1/2."""
    teacher = torch.tensor([[0.0, 3.0]])
    student = torch.tensor([[math.log(0.25), 3.0]])
    expected = (0.5 * math.log(0.5 / 0.2) + 0.5 * math.log(0.5 / 0.8)) / 2
    assert attribute_cross_entropy(student, teacher).item() == pytest.approx(expected, rel=1e-5)


def test_squared_distance_by_hand():
    """Right angle: 2; the same direction at another length: 0."""
    student = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    teacher = torch.tensor([[0.0, 5.0], [1.2, 1.6]])
    assert squared_distance(student, teacher).item() == pytest.approx(1.0, rel=1e-6)


class Fixed:
    """A source of given outputs."""

    def __init__(self, table):
        self.table = table

    def outputs(self, images, batch, split):
        return self.table[batch["image_id"]]


def test_weights_share_the_loss_and_at_one_no_label_is_read():
    outputs, table = torch.randn(3, 4), torch.randn(9, 4)
    batch = {"image_id": torch.tensor([2, 0, 8])}
    taught = kullback_leibler(outputs, table[batch["image_id"]])

    def own(outputs, batch):
        return {"classification": torch.tensor(7.0)}

    def must_not(outputs, batch):
        raise AssertionError("a label was looked at")

    half = Distillation(Fixed(table), kullback_leibler, 0.25).terms(outputs, None, batch, own)
    torch.testing.assert_close(half["distillation"], 0.25 * taught)
    torch.testing.assert_close(half["classification"], torch.tensor(5.25))
    alone = Distillation(Fixed(table), kullback_leibler).terms(outputs, None, batch, must_not)
    torch.testing.assert_close(alone["distillation"], taught)
    with pytest.raises(InputError, match=r"distill\.weight=0"):
        Distillation(Fixed(table), kullback_leibler, 0.0)


def test_a_file_of_outputs_is_read_for_what_it_says(tmp_path):
    path = tmp_path / "o.npz"
    names = np.array(["a.jpg", "b.jpg"])
    np.savez(path, name=names, embedding=np.eye(2, 3, dtype=np.float16), face_found=[True, False])
    found, outputs, labels = read_outputs(path)
    assert found.tolist() == names.tolist()
    assert outputs.dtype == np.float32
    assert len(labels) == 0
    np.savez(path, name=names, probability=np.array([[0.5, 0.75], [0.0, 1.0]]))
    logits = read_outputs(path)[1]
    assert logits[0] == pytest.approx([0, math.log(3)], rel=1e-5)
    assert np.isfinite(logits).all()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"name": ["a"]}, "one of `output`, `embedding`, `probability`"),
        ({"output": np.zeros((1, 2))}, "must hold `name`"),
        ({"name": ["a", "b"], "output": np.zeros((3, 2))}, r"shape \[2, D\], it has \[3, 2\]"),
        ({"name": ["a"], "output": np.full((1, 2), np.nan)}, "not finite: a"),
        ({"name": ["a"], "probability": np.full((1, 2), 1.5)}, r"outside 0\.\.1"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, content, said):
    np.savez(tmp_path / "o.npz", **content)
    with pytest.raises(InputError, match=said):
        read_outputs(tmp_path / "o.npz")


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"tasks\.teacher CHECKPOINT IMAGES"):
        read_outputs(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match="damaged or no"):
        read_outputs(tmp_path / "text.npz")


# whole runs, on the classifier's tiny set


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
    answer = run(*quick(folders, folder), "size=64", "seed=1")
    assert answer.code == 0, answer.err
    (best,) = folder.glob("runs/image_folder/*/best.ckpt")
    return best


def test_a_student_learns_from_a_checkpoint_and_leaves_it_as_it_was(
    run, options, teacher, tmp_path
):
    before = teacher.read_bytes()
    answer = run(*options, "distill=teacher", f"distill.teacher={teacher}")
    assert answer.code == 0, answer.err
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
    answer = run(*options, "distill=teacher", f"distill.teacher={teacher}")
    assert answer.code == 0, answer.err
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
        answer = run(*same, *way)
        assert answer.code == 0, answer.err
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
    answer = run(*options, "distill=teacher", f"distill.teacher={boasting}")
    assert answer.code == 2
    assert "had 0.9990 on its own" in answer.err
    assert "distill.tolerance=null" in answer.err
    answer = run(
        *options, "distill=teacher", f"distill.teacher={boasting}", "distill.tolerance=null"
    )
    assert answer.code == 0, answer.err


def test_a_teacher_of_other_labels_is_named(run, options, teacher, tmp_path):
    checkpoint = torch.load(teacher, weights_only=True)
    renamed = checkpoint["labels"]["ids"][0]
    checkpoint["labels"]["ids"][0] = "unicorn"
    torch.save(checkpoint, tmp_path / "other.ckpt")
    answer = run(*options, "distill=teacher", f"distill.teacher={tmp_path / 'other.ckpt'}")
    assert answer.code == 2
    assert f"it lacks: {renamed}; only the teacher has: unicorn" in answer.err


def test_a_file_that_lacks_training_images_names_them(run, options, folders, tmp_path):
    names = sorted(p.relative_to(folders / "train").as_posix() for p in folders.glob("train/*/*"))
    path = tmp_path / "o.npz"
    np.savez(path, name=np.array(names[1:]), output=np.zeros((len(names) - 1, 24)))
    answer = run(*options, "distill=cached", f"distill.outputs={path}")
    assert answer.code == 2
    assert "lacks 1 of 48 training images" in answer.err
    assert names[0] in answer.err
    np.savez(path, name=np.array(names), output=np.zeros((len(names), 7)))
    answer = run(*options, "distill=cached", f"distill.outputs={path}")
    assert answer.code == 2
    assert "gives 7 values per image, the student gives 24" in answer.err


def test_a_task_without_a_comparison_says_so(run, tiny):
    options = ["task=faster_rcnn_coco", *tiny[1:]]
    answer = run(*options, "distill=teacher", "distill.teacher=x.ckpt")
    assert answer.code == 2
    assert "task=faster_rcnn_coco cannot be distilled" in answer.err
