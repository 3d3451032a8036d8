"""What a network costs, counted as in the MobileNet papers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from backbone.evaluating import evaluating


@dataclass(frozen=True)
class Cost:
    """Multiply-adds of one call, and the parameters of the network."""

    mult_adds: int
    parameters: int

    def __str__(self) -> str:
        mult_adds = (
            f"{self.mult_adds / 1e9:.3f} G"
            if self.mult_adds >= 1e9
            else f"{self.mult_adds / 1e6:.1f} M"
        )
        return f"{mult_adds} mult-adds, {self.parameters / 1e6:.2f} M parameters"


def cost(module: nn.Module, *inputs: Any, method: str | Callable[..., Any] = "forward") -> Cost:
    """Run a network once and count its mult-adds and parameters (paper sections 3.1 and 4.1).

    A mult-add is one multiplication of a convolution, a linear layer or another matrix product; a
    grouped convolution counts only what it multiplies. Biases, batch norm, activations and pooling
    are free. All parameters of the module count, frozen or not, with batch norm's scale and shift
    but without its running statistics. An operation counts as often as it runs: one image gives the
    cost of one image, and 300 regions through a box head count 300 times.

    The network runs in evaluation mode without gradients; afterwards each module is in the mode it
    was in. To count a large network without running it, build it and its inputs inside torch's
    `FakeTensorMode` or `torch.device("meta")`.

    Args:
        module: the network, on the device of the inputs.
        inputs: what it is called with, e.g. float[1, 3, 224, 224].
        method: what to run: the name of a method of `module`, or any callable that takes `inputs`.
    """
    call = method if callable(method) else getattr(module, method)
    with evaluating(module), FlopCounterMode(display=False) as counter:
        call(*inputs)
    # torch counts a multiplication and an addition as two
    return Cost(counter.get_total_flops() // 2, sum(p.numel() for p in module.parameters()))
