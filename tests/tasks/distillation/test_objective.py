"""What a student is compared by: the losses, and their share beside the labels'."""

import math

import pytest
import torch

from backbone.errors import InputError
from tasks.distillation.objective import (
    Distillation,
    attribute_cross_entropy,
    kullback_leibler,
    squared_distance,
)

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
