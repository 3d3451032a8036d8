"""Batch statistics in a joint checkpoint whose parts have a set each."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

OWN_STATISTICS = "head.own_statistics."  # then a part's name


def statistics_of_parts(state: Mapping[str, Tensor], parts: Sequence[str]) -> dict[str, Tensor]:
    """Batch statistics of the images of some parts together, where each part has a set of its own.

    All parts count alike. The variance of a mixture is the mean of the variances, and the variance
    of the means.

    Args:
        state: of a joint checkpoint.
        parts: their names.

    Returns:
        Name in the trunk -> tensor; empty where the parts share the trunk's statistics.
    """
    own: list[dict[str, Tensor]] = []
    for part in parts:
        prefix = f"{OWN_STATISTICS}{part}."
        named = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        own.append({name.replace("__", "."): value for name, value in named.items()})
    found: dict[str, Tensor] = {}
    for name in own[0] if own else ():
        layer, _, kind = name.rpartition(".")
        if kind == "running_mean":
            means = torch.stack([of[name] for of in own])
            variances = torch.stack([of[f"{layer}.running_var"] for of in own])
            found[name] = means.mean(0)
            found[f"{layer}.running_var"] = variances.mean(0) + means.var(0, correction=0)
    return found
