"""The base of every head."""

from typing import Any

from torch import nn

from backbone.trunk import Trunk


class Head(nn.Module):
    """A network on a trunk: what a task trains.

    `forward` takes images float[B, 3, H, W], normalised with the trunk's values, and returns the
    head's outputs: one tensor float[B, D] where the task can be distilled, anything else otherwise.
    """

    trunk: Trunk

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`."""
        return super().__call__(*args, **kwargs)
