"""Parts whose losses differ in scale pull at the trunk alike."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn

from backbone.classifier import Classifier
from backbone.mobilenet_v1 import MobileNetV1
from tasks.joint.gradients import GradientBalance
from tasks.joint.network import Joint
from tasks.joint.weighing import Weighing

NAMES = ("small", "large")


@pytest.fixture(params=["shared", "per_part"])
def network(request) -> Joint:
    torch.manual_seed(0)
    trunk = MobileNetV1(alpha=0.25)
    return Joint(trunk, {name: Classifier(trunk, 3) for name in NAMES}, request.param)


@pytest.fixture
def balance(network) -> GradientBalance:
    made = GradientBalance(NAMES)
    for name in NAMES:
        network.heads[name].trunk.gate = partial(made.gated, name)
    return made


def losses(network: Joint, factor: float) -> dict[str, Tensor]:
    torch.manual_seed(1)
    images = torch.randn(4, 3, 32, 32)
    found = {name: network.heads[name](images).square().mean() for name in NAMES}
    return found | {"large": factor * found["large"]}


def gradient(network: nn.Module, loss: Tensor) -> dict[str, Tensor]:
    """Of each parameter that has one."""
    named = dict(network.named_parameters())
    found = torch.autograd.grad(loss, list(named.values()), retain_graph=True, allow_unused=True)
    return {name: g for name, g in zip(named, found, strict=True) if g is not None}


def norm_at_trunk(gradients: dict[str, Tensor]) -> float:
    own = [g.norm() for name, g in gradients.items() if name.startswith("trunk.")]
    return float(torch.stack(own).norm())


def step(network: Joint, balance: GradientBalance, factor: float = 1000.0) -> None:
    balance.begin()
    sum(losses(network, factor).values()).backward()
    balance.end(None, 1)


def test_after_one_step_gradients_of_the_trunk_have_one_norm(network, balance):
    plain = {name: gradient(network, loss) for name, loss in losses(network, 1000.0).items()}
    norms = [norm_at_trunk(plain[name]) for name in NAMES]
    assert norms[1] > 100 * norms[0]
    step(network, balance)
    assert balance.norms.tolist() == pytest.approx(norms, rel=1e-4)
    balance.begin()
    own = {name: gradient(network, loss) for name, loss in losses(network, 1000.0).items()}
    assert [norm_at_trunk(own[n]) for n in NAMES] == pytest.approx([sum(norms) / 2] * 2, rel=1e-4)
    for name in NAMES:
        key = f"heads.{name}.fc.weight"
        torch.testing.assert_close(own[name][key], plain[name][key])


def test_a_part_with_two_losses_pulls_twice_as_hard(network, balance):
    step(network, balance)
    balance.count("large", 2)
    balance.begin()
    own = {name: gradient(network, loss) for name, loss in losses(network, 1000.0).items()}
    norms = [norm_at_trunk(own[name]) for name in NAMES]
    assert norms[1] == pytest.approx(2 * norms[0], rel=1e-4)
    assert sum(norms) / 2 == pytest.approx(float(balance.norms.mean()), rel=1e-4)
    other = GradientBalance(NAMES)
    other.load_state_dict(balance.state_dict())
    torch.testing.assert_close(other.scales(), balance.scales())


def test_losses_are_counted_by_part(balance):
    weighing = Weighing(NAMES, "gradients")
    terms = {
        "small/one": torch.ones(()),
        "large/box": torch.ones(()),
        "large/class": torch.ones(()),
    }
    weighing.total(terms)
    assert weighing.balance.losses.tolist() == [1, 2]
    weighing.total({"small/one": torch.ones(())})  # a step without a batch of the other
    assert weighing.balance.losses.tolist() == [1, 2]


def test_the_first_step_is_that_of_equal_weights(network, balance):
    expected = gradient(network, sum(losses(network, 1000.0).values()))
    step(network, balance)
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name])


def test_gradients_may_be_accumulated(network, balance):
    step(network, balance)
    once = balance.norms.clone()
    again = GradientBalance(NAMES)
    for name in NAMES:
        network.heads[name].trunk.gate = partial(again.gated, name)
    for _ in range(4):
        again.begin()
        sum(losses(network, 1000.0).values()).backward()
    again.end(None, 1)
    torch.testing.assert_close(again.norms, 2 * once)


def test_a_part_without_a_usable_gradient_keeps_its_norm(network, balance):
    step(network, balance)
    before = balance.norms.clone()
    balance.begin()
    losses(network, float("inf"))["large"].backward()
    balance.end(None, 1)
    torch.testing.assert_close(balance.norms, before)


def test_what_is_measured_is_part_of_the_state(network, balance):
    step(network, balance)
    other = GradientBalance(NAMES)
    other.load_state_dict(balance.state_dict())
    torch.testing.assert_close(other.scales(), balance.scales())
    assert float(other.scales()[0]) > 100 * float(other.scales()[1])


def test_a_frozen_trunk_has_no_gradient_to_balance(network, balance):
    network.trunk.requires_grad_(False)
    step(network, balance)
    assert not balance.measured.any()
