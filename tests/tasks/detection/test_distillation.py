"""What an SSD learns from another detector: the terms, and the steps of training."""

import math

import pytest
import torch
from torch import nn

from tasks.detection.boxes import BoxCoder
from tasks.detection.distillation import (
    Compared,
    DetectionObjective,
    Lesson,
    focused,
    map_distance,
)
from tasks.training.ema import WeightEMA
from tests.tasks.detection.distilled import photographs, ssd, taught
from tests.tasks.detection.test_ssd import NoSync, check_never_waits_for_the_gpu


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
    objective.answers, objective.coder = "anchors", BoxCoder()
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
    objective.answers, objective.coder = "anchors", BoxCoder()
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
    """On a CPU suppression checks whether it is done; on a GPU the next test has detections too."""
    student = taught(ssd(), ssd(alpha=0.5), features=1.0).train()
    with NoSync():
        sum(student.loss(photographs()).values()).backward()


@pytest.mark.cuda
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
