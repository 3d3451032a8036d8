"""Parameter groups by name, schedules by value."""

import math

import pytest
import torch
from torch import nn

from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from tasks.detection.ssd import SSD
from tasks.training.recipe import Recipe, cosine, exponential, parameter_groups, stepwise


@pytest.fixture(scope="module")
def head() -> nn.Module:
    return SSD(MobileNetV1(0.25), 91, (96, 96))


def by_group(head: nn.Module) -> dict[str, list[str]]:
    names = {parameter: name for name, parameter in head.named_parameters()}
    groups = parameter_groups(head, weight_decay=0.1, lr=1.0, trunk_lr_scale=0.5)
    return {group["name"]: [names[p] for p in group["params"]] for group in groups}


def test_each_parameter_is_in_exactly_one_group(head):
    named = [name for names in by_group(head).values() for name in names]
    assert sorted(named) == sorted(name for name, _ in head.named_parameters())


def test_no_decay_on_depthwise_kernels_norms_and_biases(head):
    for group, names in by_group(head).items():
        for name in names:
            exempt = ".depthwise.conv." in name or ".bn." in name or name.endswith(".bias")
            assert exempt == group.endswith("/no_decay"), f"{name} in {group}"


def test_the_trunk_is_told_from_the_head(head):
    groups = by_group(head)
    assert set(groups) == {"trunk", "trunk/no_decay", "head", "head/no_decay"}
    assert all(n.startswith("trunk.") for g in ("trunk", "trunk/no_decay") for n in groups[g])
    assert not any(n.startswith("trunk.") for g in ("head", "head/no_decay") for n in groups[g])


def test_frozen_parameters_are_left_out():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    groups = parameter_groups(model, 0.1, 1.0, 1.0)
    assert {p for g in groups for p in g["params"]} == set(model[1].parameters())


def recipe(**options) -> Recipe:
    optimizer = options.pop("optimizer", lambda groups, lr: torch.optim.SGD(groups, lr=lr))
    defaults = {"lr": 0.1, "batch": 32, "weight_decay": 0.01, "schedule": cosine}
    return Recipe(optimizer=optimizer, **(defaults | options))


def test_the_learning_rate_follows_the_effective_batch(head):
    optimizer, _ = recipe(trunk_lr_scale=0.1).build(head, batch=64, steps=10)
    rates = {group["name"]: group["initial_lr"] for group in optimizer.param_groups}
    assert rates["head"] == pytest.approx(0.2)
    assert rates["trunk"] == pytest.approx(0.02)


def rates(schedule_of: Recipe, head: nn.Module, steps: int) -> list[float]:
    optimizer, schedule = schedule_of.build(head, batch=32, steps=steps)
    drawn = []
    for _ in range(steps):
        drawn.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return drawn


def test_warm_up_then_cosine(head):
    drawn = rates(recipe(warmup=0.1), head, 100)
    assert drawn[:10] == pytest.approx([0.1 * (i + 1) / 11 for i in range(10)])
    assert drawn[10] == pytest.approx(0.1)
    assert drawn[55] == pytest.approx(0.05)
    assert drawn == drawn[:10] + sorted(drawn[10:], reverse=True)


def test_exponential_schedule_falls_in_steps():
    assert exponential(0.0) == 1
    assert exponential(0.049) == 1
    assert exponential(0.5, final=0.01) == pytest.approx(0.1)
    assert exponential(1.0, final=0.01) == pytest.approx(0.01)
    assert cosine(1.0) == pytest.approx(0.0)
    assert cosine(0.0) == 1


def test_steps_fall_at_the_moments_named_and_stay():
    drawn = [stepwise(step / 10, at=[0.6, 0.8]) for step in range(11)]
    assert drawn == pytest.approx([1.0] * 6 + [0.1] * 2 + [0.01] * 3)
    assert stepwise(0.5, at=[0.5], factor=0.5) == 0.5


def test_the_papers_rmsprop_is_tensorflows(head):
    """One step by hand: epsilon inside the root, the mean square starting at one."""
    from timm.optim import RMSpropTF

    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = RMSpropTF([weight], lr=0.004, alpha=0.9, momentum=0.9, eps=1.0)
    weight.grad = torch.tensor([2.0])
    optimizer.step()
    mean_square = 0.9 * 1 + 0.1 * 4
    expected = 1 - 0.004 * 2 / math.sqrt(mean_square + 1)
    torch.testing.assert_close(weight.data, torch.tensor([expected]))


def test_from_scratch_takes_back_what_is_said_of_a_trained_trunk():
    settings = {"lr": 0.1, "batch": 8, "weight_decay": 0.0, "schedule": cosine, "warmup": 0.1}
    recipe = Recipe(
        torch.optim.SGD,
        trunk_lr_scale=0.2,
        freeze_trunk_epochs=3,
        freeze_trunk_statistics=True,
        **settings,
    )
    assert recipe.from_scratch() == Recipe(torch.optim.SGD, **settings)


def test_a_trunk_of_random_weights_is_not_frozen_for_ever():
    with pytest.raises(InputError, match=r"backbone\.weights="):
        recipe(freeze_trunk=True).from_scratch()
