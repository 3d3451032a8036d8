"""Weights of classes in a loss: set by hand, or so that frequent and rare classes count alike."""

import difflib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from backbone.errors import InputError, listed_briefly
from tasks.data.labels import Labels

BALANCED = "balanced"
Weights = Mapping[str | int, float] | str | None
"""`balanced`, or weights by a label's id or name, 1 for labels that are not named; None: none."""


def named_weights(given: Mapping[str | int, float], labels: Labels, key: str) -> np.ndarray:
    """float64[K], the weights of K labels, given by id or name; 1 for all others.

    Args:
        key: the option, for messages.

    Raises:
        InputError: there is no such label, one is named twice, or a weight is not above 0.
    """
    found = np.ones(len(labels.ids))
    rows = {str(name): row for row, name in enumerate(labels.names)}
    rows |= {str(name): row for row, name in enumerate(labels.ids)}
    taken: dict[int, str] = {}
    for name, weight in ((str(name), weight) for name, weight in given.items()):
        if name not in rows:
            close = difflib.get_close_matches(name, rows, 2, 0.6)
            near = f"did you mean {' or '.join(close)}?" if close else ""
            raise InputError(
                f"{key}: the data has no label {name!r}; "
                f"{near or f'it has {listed_briefly(map(str, labels.names))}'}"
            )
        row = rows[name]
        if row in taken:
            raise InputError(
                f"{key}: {taken[row]} and {name} are the same label; give it one weight"
            )
        if not weight > 0:
            raise InputError(f"{key}.{name}={weight}: weights must be above 0")
        found[row], taken[row] = weight, name
    return found


def weights_by_hand(given: Weights, labels: Labels, key: str) -> np.ndarray | None:
    """`named_weights` for weights that are given by label; None if there are none."""
    return named_weights(given, labels, key) if isinstance(given, Mapping) else None


def loss_weights(by_hand: np.ndarray | None, counts: np.ndarray) -> Tensor:
    """Weights float[..., K], by hand or balancing, with a mean of 1 over the images.

    Args:
        by_hand: float64[..., K]; None: all classes count alike.
        counts: int64[..., K], the images of each class.
    """
    weights = balancing_weights(counts) if by_hand is None else by_hand
    return torch.from_numpy(with_mean_one(weights, counts)).float()


def balancing_weights(counts: np.ndarray) -> np.ndarray:
    """Weights that make all classes count alike: 1 / counts, and 0 for classes without images.

    Args:
        counts: int64[..., K], the images of each class.
    """
    weights: np.ndarray = np.divide(1.0, counts, out=np.zeros(counts.shape), where=counts > 0)
    return weights


def with_mean_one(weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Weights scaled so that their mean over the images is 1, which keeps the size of losses.

    Args:
        weights: float64[..., K].
        counts: int64[..., K], the images of each class; without any, weights are not changed.
    """
    total = (weights * counts).sum(-1, keepdims=True)
    images = counts.sum(-1, keepdims=True)
    scaled: np.ndarray = weights * np.divide(
        images, total, out=np.ones(total.shape), where=total > 0
    )
    return scaled
