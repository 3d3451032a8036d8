"""Balanced gradients in a compiled step: one graph, and the norms of an eager one."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from backbone.classifier import Classifier
from backbone.mobilenet_v1 import MobileNetV1
from tasks.joint.gradients import GradientBalance
from tasks.joint.network import Joint
from tasks.training import compiling
from tasks.training.compiling import Compiled

pytestmark = pytest.mark.slow
NAMES = ("small", "large")


class Parts(nn.Module):
    """Two heads on a trunk, whose losses differ in scale."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.trunk, self.balance = nn.Linear(4, 4), GradientBalance(NAMES)
        self.heads = nn.ModuleDict({name: nn.Linear(4, 1) for name in NAMES})

    def learn(self, images: dict[str, Tensor]) -> dict[str, Tensor]:
        found = {}
        for name, factor in zip(NAMES, (1.0, 100.0), strict=True):
            own = self.balance.gated(name, dict(self.trunk.named_parameters()))
            maps = functional_call(self.trunk, own, (images[name],))
            found[name] = factor * self.heads[name](maps).square().mean()
        return found


def trained(net: Parts, learn, accumulated: int) -> list[Tensor]:
    """Norms and gradients of three steps."""
    torch.manual_seed(1)
    device = net.trunk.weight.device
    found = []
    for _ in range(3):
        for _ in range(accumulated):
            net.balance.begin()
            images = {name: torch.randn(8, 4).to(device) for name in NAMES}
            sum(learn(images).values()).backward()
        net.balance.end(None, 1)
        found += [net.balance.norms.clone(), *(p.grad.clone() for p in net.parameters())]
        net.zero_grad()
    return found


def compare(device: str, accumulated: int) -> None:
    eager, net, reports = Parts().to(device), Parts().to(device), []
    compiled = Compiled(
        net.learn, net, "learn", lambda *report: reports.append(report), accumulated > 1
    )
    for found, expected in zip(
        trained(net, compiled, accumulated), trained(eager, eager.learn, accumulated), strict=True
    ):
        torch.testing.assert_close(found, expected)
    assert [reason for _, _, reason in reports] == [None]


@pytest.mark.parametrize("accumulated", [1, 2])
def test_a_compiled_step_balances_like_an_eager_one(accumulated, monkeypatch):
    monkeypatch.setattr(compiling, "BACKEND", "aot_eager")
    torch.compiler.reset()
    compare("cpu", accumulated)
    assert not torch._dynamo.utils.counters["graph_break"]


@pytest.mark.parametrize("statistics", ["shared", "per_part"])
def test_parts_on_one_trunk_are_one_graph(statistics):
    trunk, balance = MobileNetV1(alpha=0.25), GradientBalance(NAMES)
    network = Joint(trunk, {name: Classifier(trunk, 3) for name in NAMES}, statistics).eval()
    for name in NAMES:
        network.heads[name].trunk.gate = partial(balance.gated, name)
    balance.begin()

    def learn(images: Tensor) -> dict[str, Tensor]:
        return {name: network.heads[name](images).square().mean() for name in NAMES}

    images = torch.randn(2, 3, 32, 32)
    found = torch.compile(learn, backend="eager", fullgraph=True)(images)
    torch.testing.assert_close(found, learn(images))


@pytest.mark.cuda
@pytest.mark.parametrize("accumulated", [1, 2])
def test_cuda_graphs_balance_like_eager_steps(accumulated):
    compare("cuda", accumulated)
