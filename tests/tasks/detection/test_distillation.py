"""What an SSD learns from another detector: the terms, what goes together, and whole runs."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from tasks.data.module import Labels
from tasks.detection.distillation import (
    Compared,
    DetectionObjective,
    Lesson,
    focused,
    map_distance,
)
from tasks.detection.faster_rcnn import FasterRCNN
from tasks.detection.ssd import SSD
from tasks.detection.task import Detection
from tasks.distillation.objective import Distillation
from tasks.distillation.teacher import Teacher
from tasks.training.ema import WeightEMA
from tasks.training.restore import load_task
from tasks.training.task import Task
from tests.conftest import assert_same_weights, start, tiny_options
from tests.tasks.detection.test_ssd import NoSync, check_never_waits_for_the_gpu
from tests.tasks.training.test_several_processes import TWO, finish

LABELS = Labels(4, [1, 2, 3], [1, 2, 3], ["ant", "bee", "cat"])


def ssd(alpha=0.25, size=96, seed=0, **options) -> Detection:
    torch.manual_seed(seed)
    return Detection(SSD(MobileNetV1(alpha), 4, size, **options), LABELS)


def faster_rcnn(size=96) -> Detection:
    torch.manual_seed(0)
    head = FasterRCNN(
        MobileNetV1(0.25), 4, size, anchor_sizes=[16, 32, 64], rpn_depth=16, rpn_candidates=32,
        proposals=8, regions=8, crop=4,
    )  # fmt: skip
    return Detection(head, LABELS)


def taught(student: Detection, teacher: Detection, weight=1.0, **options) -> Detection:
    """The student with a teacher at hand, as a run builds it, but without a checkpoint."""
    source = Teacher("teacher.ckpt", None)
    source.task, source.size = teacher.eval().requires_grad_(False), teacher.head.size
    source.match_values(student.preprocess)
    objective = DetectionObjective(**options)
    objective.prepare(student, teacher, "distill.teacher=teacher.ckpt")
    source.ask = objective.ask
    student.teaching = Distillation(source, objective, weight)
    return student


def photographs(count=2, size=96) -> dict[str, torch.Tensor]:
    """A batch without boxes."""
    generator = torch.Generator().manual_seed(0)
    return {
        "image": torch.randint(0, 256, (count, 3, size, size), generator=generator).byte(),
        "boxes": torch.zeros(count, 8, 4),
        "labels": torch.zeros(count, 8, dtype=torch.int64),
        "count": torch.zeros(count, dtype=torch.int64),
        "image_id": torch.arange(count),
    }


# the terms


def test_focused_by_hand():
    """t = 3/4, s = 1/4 weighs (1/2)^gamma; t = s = 1/2 weighs nothing."""
    logits = torch.tensor([-math.log(3), 0.0], requires_grad=True)
    wanted = torch.tensor([0.75, 0.5])
    entropy = -0.75 * math.log(0.25) - 0.25 * math.log(0.75)
    assert focused(logits, wanted, 2).item() == pytest.approx(0.25 * entropy, rel=1e-5)
    focused(logits, wanted, 2).backward()
    assert logits.grad.tolist() == pytest.approx([0.25 * (0.25 - 0.75), 0], abs=1e-6)
    assert focused(logits, wanted, 0).item() == pytest.approx(entropy + math.log(2), rel=1e-5)


def test_the_distance_of_maps_has_no_unit_and_no_size():
    maps = torch.rand(2, 3, 4, 5)
    assert map_distance(maps, maps) == 0
    assert map_distance(torch.zeros_like(maps), 7 * maps).item() == pytest.approx(1)
    constant = torch.full((1, 3, 8, 10), 2.0)
    assert map_distance(constant[..., :4, :5], constant).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_where_both_agree_no_term_has_a_gradient(gamma):
    objective = DetectionObjective(features=1.0, gamma=gamma)
    objective.answers = "anchors"
    objective.projections = nn.ModuleList([nn.Identity()])
    generator = torch.Generator().manual_seed(0)
    logits = (torch.randn(2, 9, 4, generator=generator) * 3).requires_grad_()
    code, fmap = torch.randn(2, 9, 4, requires_grad=True), torch.rand(2, 3, 4, 4)
    scores = logits.detach()[..., 1:].sigmoid()
    lesson = Lesson(scores, code.detach(), scores.amax(-1), [fmap])
    terms = objective(Compared(code, logits, [fmap]), lesson)
    assert terms["distillation_boxes"] == terms["distillation_features"] == 0
    assert gamma == 0 or terms["distillation_classes"] < 1e-6
    sum(terms.values()).backward()
    assert logits.grad.abs().max() < 1e-6
    assert code.grad.abs().max() < 1e-6
    other = objective(Compared(code + 1, logits + 1, [fmap + 1]), lesson)
    assert all(other[name] > terms[name] + 0.01 for name in terms), other


def test_the_background_and_anchors_of_which_nobody_is_sure_count_little():
    objective = DetectionObjective()
    objective.answers = "anchors"
    scores = torch.zeros(1, 2, 3)
    scores[0, 0, 1] = 0.8
    lesson = Lesson(scores, torch.zeros(1, 2, 4), scores.amax(-1), [])
    sure, unsure = torch.zeros(1, 2, 4), torch.zeros(1, 2, 4)
    sure[0, 0], unsure[0, 1] = 1.0, 1.0
    logits = torch.full((1, 2, 4), -20.0)
    assert objective(Compared(sure, logits, []), lesson)["distillation_boxes"].item() == (
        pytest.approx(4 * 0.5 * 0.64)  # over at least 1
    )
    assert objective(Compared(unsure, logits, []), lesson)["distillation_boxes"] == 0
    other = logits.clone()
    other[..., 0] = 20.0
    first, second = (
        objective(Compared(sure, x, []), lesson)["distillation_classes"] for x in (logits, other)
    )
    assert first == second > 0


# who teaches whom


def test_a_student_like_its_teacher_has_nothing_to_learn():
    teacher = ssd()
    student = taught(ssd(seed=1), teacher, features=1.0)
    assert all(term > 1e-4 for term in student.eval().loss(photographs()).values())
    student.head.load_state_dict(teacher.head.state_dict())
    terms = student.loss(photographs())
    assert set(terms) == {f"distillation_{n}" for n in ("classes", "boxes", "features")}
    assert all(term.abs() < 1e-6 for term in terms.values()), terms


def test_learning_brings_the_student_closer():
    student = taught(ssd(), ssd(alpha=0.5, seed=1), features=1.0).train()
    optimizer = torch.optim.Adam(student.parameters(), 3e-3)
    first, given = None, photographs()
    for _ in range(12):
        terms = student.loss(given)
        first = first or {name: term.item() for name, term in terms.items()}
        optimizer.zero_grad()
        sum(terms.values()).backward()
        optimizer.step()
    assert all(student.loss(given)[name] < 0.9 * first[name] for name in first)


def test_labels_have_the_rest_of_the_loss():
    student = taught(ssd(), ssd(seed=1), weight=0.25, features=1.0).eval()
    shared = student.loss(photographs())
    student.teaching.weight = 1.0
    alone = student.loss(photographs())
    student.teaching = None
    own = student.loss(photographs())
    assert shared.keys() == alone.keys() | own.keys()
    for name, term in shared.items():
        whole, share = (alone[name], 0.25) if name in alone else (own[name], 0.75)
        torch.testing.assert_close(term, share * whole)


class Detections(SSD):
    """An SSD whose detections are given, in pixels of its own input."""

    def detect(self, outputs):
        return dict(self.given)


def test_detections_of_another_size_are_soft_labels_where_they_belong():
    teacher = Detection(Detections(MobileNetV1(0.25), 4, 192), LABELS)
    anchors = ssd().head.anchors
    best = int((anchors - torch.tensor([24.0, 24, 72, 72])).abs().sum(1).argmin())
    box = anchors[best].clamp(0, 96)
    teacher.head.given = {
        "boxes": torch.stack([box * 2] * 3)[None],
        "scores": torch.tensor([[0.9, 0.2, 0.8]]),
        "labels": torch.tensor([[2, 1, 3]]),
        "count": torch.tensor([2]),  # the third row pads
    }
    student = taught(ssd(), teacher)
    objective = student.teaching.objective
    assert objective.answers == "detections"
    lesson = objective.ask(teacher.head, torch.zeros(1, 3, 192, 192))
    assert lesson.scores[0, best].tolist() == pytest.approx([0, 0.9, 0])
    found = objective.coder.decode(lesson.code, objective.anchors)[0, best]
    torch.testing.assert_close(found, box, rtol=1e-4, atol=1e-2)
    assert lesson.scores.unique().tolist() == pytest.approx([0.0, 0.9])
    assert ((lesson.confidence > 0) == (lesson.scores > 0).any(-1)).all()


@pytest.mark.parametrize("teacher", [lambda: ssd(size=128), faster_rcnn, lambda: ssd(extras=())])
def test_any_detector_can_teach(teacher):
    student = taught(ssd(), teacher(), min_score=0.0).train()
    terms = student.loss(photographs())
    sum(terms.values()).backward()
    assert all(torch.isfinite(term) and term > 0 for term in terms.values()), terms
    assert all(torch.isfinite(p.grad).all() for p in student.parameters())


def test_ssdlite_learns_too():
    student = taught(ssd(separable=True), ssd(alpha=0.5), features=1.0)
    assert student.teaching.objective.answers == "anchors"
    assert len(student.loss(photographs())) == 3


def swapped(task: Detection) -> Detection:
    task.labels = Labels(5, [1, 2, 4], LABELS.ids, LABELS.names)
    return task


@pytest.mark.parametrize(
    ("student", "teacher", "options", "said"),
    [
        (ssd, lambda: ssd(size=128), {"answers": "anchors"}, "has other anchors than the student"),
        (ssd, lambda: ssd(scales=(0.1, 0.9)), {"answers": "anchors"}, "pixels apart"),
        (ssd, faster_rcnn, {"answers": "anchors"}, "it is a FasterRCNN"),
        (ssd, faster_rcnn, {"features": 1.0}, r"has none \(FasterRCNN\). Set task"),
        (ssd, lambda: ssd(taps=["conv13"]), {"features": 1.0}, "conv11, conv13 need as many"),
        (faster_rcnn, ssd, {}, "a FasterRCNN cannot be distilled"),
        (ssd, lambda: swapped(ssd()), {}, "set data.num_classes as it was"),
    ],
)
def test_what_does_not_go_together_is_named(student, teacher, options, said):
    with pytest.raises(InputError, match=said):
        taught(student(), teacher(), **options)


def test_a_file_cannot_teach_a_detector_and_neither_can_nothing():
    with pytest.raises(InputError, match="distill=teacher"):
        DetectionObjective().prepare(ssd(), None, "distill.outputs=o.npz")
    with pytest.raises(InputError, match="all 0"):
        DetectionObjective(classes=0, boxes=0)


# what a run relies on


def test_what_the_objective_learns_is_trained_averaged_and_no_part_of_a_model():
    student = taught(ssd(), ssd(alpha=0.5), features=1.0)
    names = [n for n, _ in student.named_parameters() if n.startswith("teaching.")]
    wanted = [f"teaching.objective.projections.{i}.{p}" for i in (0, 1) for p in ("weight", "bias")]
    assert names == wanted
    assert set(names) <= WeightEMA.tensors(student).keys()
    assert not any("anchors" in name for name in student.state_dict())
    alike = taught(ssd(), ssd(), features=1.0)
    assert not [n for n, _ in alike.named_parameters() if n.startswith("teaching.")]


def test_a_step_never_waits_for_the_device():
    """On a CPU suppression checks whether it is done; the next test has detections too."""
    student = taught(ssd(), ssd(alpha=0.5), features=1.0).train()
    with NoSync():
        sum(student.loss(photographs()).values()).backward()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("answers", ["anchors", "detections"])
def test_a_step_never_waits_for_the_gpu(answers):
    student = taught(ssd(), ssd(alpha=0.5), answers=answers, features=1.0)
    student.teaching.source.task.cuda()
    student.teaching.source.match_values(student.cuda().preprocess)
    check_never_waits_for_the_gpu(student, photographs())


def test_bfloat16_gives_the_same_terms():
    student = taught(ssd(), ssd(alpha=0.5), features=1.0).eval()
    plain = student.loss(photographs())
    with torch.autocast("cpu", torch.bfloat16):
        rough = student.loss(photographs())
    for name, term in plain.items():
        assert rough[name].dtype == torch.float32
        assert rough[name].item() == pytest.approx(term.item(), rel=0.05)


def test_the_teacher_stays_as_it_is():
    teacher = ssd(alpha=0.5)
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    student = taught(ssd(), teacher, features=1.0).train()
    sum(student.loss(photographs()).values()).backward()
    assert not teacher.training
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert all(torch.equal(before[name], t) for name, t in teacher.state_dict().items())


def test_a_teacher_is_scored_at_its_own_size():
    """Its boxes are in pixels of the photographs, wherever the picture lies in the input."""
    teacher = Teacher("x", None)
    teacher.size = (64, 192)
    batch = {"image": torch.zeros(1, 3, 96, 96).byte(), "extent": torch.tensor([[96.0, 48.0]])}
    seen = teacher.at_own_size(batch)
    assert seen["image"].shape == (1, 3, 64, 192)
    assert seen["extent"].tolist() == [[64.0, 96.0]]
    assert batch["extent"].tolist() == [[96.0, 48.0]]


# whole runs


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


def only_run(folder: Path) -> Path:
    (path,) = folder.glob("runs/ssd_coco/*")
    return path


@pytest.mark.slow
def test_an_interrupted_student_ends_the_same_and_answers_alone(run, pupil, tmp_path, monkeypatch):
    answer = run(*pupil.options)
    assert answer.code == 0, answer.err
    assert "on these images" in answer.out
    path = only_run(pupil.folder)

    def stop(self, *args):
        if self.global_step == 8:
            raise KeyboardInterrupt

    again = [*pupil.options, f"paths.runs={tmp_path / 'runs'}"]
    with monkeypatch.context() as patch:
        patch.setattr(Task, "on_train_batch_end", stop)
        assert run(*again).code != 0
    assert run(*again).code == 0
    assert_same_weights(path, only_run(tmp_path))
    last = torch.load(path / "last.ckpt", weights_only=True)
    learnt = [name for name in last["training_state_dict"] if name.startswith("teaching.")]
    assert learnt
    assert any(
        not torch.equal(last["training_state_dict"][name], last["state_dict"][name])
        for name in learnt
    ), "the projection is averaged"
    task, _ = load_task(path / "best.ckpt")
    assert not any(name.startswith("teaching.") for name in task.state_dict())

    teacher = json.loads((path / "result.json").read_text())["teacher"]
    assert teacher["answers"] == "anchors"
    assert teacher["scores"]["AP"] == pytest.approx(teacher["recorded"]["AP"], abs=1e-6)
    described = json.loads((path / "result.json").read_text())["data"]
    assert "24 photographs of" in str(described)
    assert "without boxes" in str(described)

    options = [option for option in pupil.options if not option.startswith("mode=")]
    scored = run(
        *options, "mode=evaluate", "trainer.max_epochs=0", f"backbone.weights={path / 'best.ckpt'}",
        f"paths.runs={tmp_path / 'scored'}",
    )  # fmt: skip
    assert scored.code == 0, scored.err
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
    teacher = json.loads((only_run(tmp_path) / "result.json").read_text())["teacher"]
    assert teacher["scores"]["AP"] == pytest.approx(teacher["recorded"]["AP"], abs=1e-6)


@pytest.mark.slow
def test_photographs_without_boxes_need_a_teacher(run, pupil, tiny, detector, tmp_path):
    wanted = {
        "add distill=teacher distill.teacher=best.ckpt": ["data.unlabelled=train2017"],
        "leave distill.weight at 1": [
            *("data.unlabelled=train2017", "distill=teacher", "distill.weight=0.5"),
            "distill.teacher=x.ckpt",
        ],
        "is no folder": [
            *("data.unlabelled=nowhere", "distill=teacher", "distill.teacher=x.ckpt"),
        ],
        "a file cannot hold it": ["distill=cached", "distill.outputs=x.npz"],
        "no such checkpoint": ["distill=teacher", "distill.teacher=x.ckpt"],
        "has other anchors": [
            *("distill=teacher", f"distill.teacher={detector.path / 'best.ckpt'}", "size=128"),
            "task.distillation.answers=anchors",
        ],
    }
    for said, options in wanted.items():
        answer = run(*tiny, *options)
        assert answer.code == 2, options
        assert said in answer.err, answer.err
        assert "Traceback" not in answer.err
