"""How reliable a classifier's probabilities are, and a temperature that corrects them.

Guo et al., "On Calibration of Modern Neural Networks" (arXiv 1706.04599): the expected calibration
error, and temperature scaling, which divides the logits by one number and does not change which
class is the most probable.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize_scalar
from torch import Tensor

BINS = 15
HOTTEST = 10.0  # temperatures are searched from 1 / HOTTEST to HOTTEST
# Inverse temperatures at which sums are computed, including 1. A spline between them gives every
# confidence to about 0.001.
INVERSES: tuple[float, ...] = tuple(np.geomspace(1 / HOTTEST, HOTTEST, 21).tolist())


class Reliability(NamedTuple):
    """Confidence and accuracy of 15 bins of equal width from 0 to 1; NaN in empty ones.

    The confidence is the probability of the most probable class.
    """

    images: np.ndarray  # int64[15]
    confidence: np.ndarray  # float64[15], the mean
    accuracy: np.ndarray  # float64[15]

    @property
    def error(self) -> float:
        """The expected calibration error: |accuracy - confidence|, mean over all images."""
        gap = np.nan_to_num(np.abs(self.accuracy - self.confidence))
        return float((gap * self.images).sum() / max(self.images.sum(), 1))


@dataclass(frozen=True)
class Calibration:
    """What decides a classifier's probabilities at any temperature, for N images.

    Args:
        correct: bool[N], whether the most probable class is the true one.
        true_logit: float64[N], the true class's logit below the largest one: 0 or negative.
        log_sums: float64[N, 21], see `log_sums`.
    """

    correct: np.ndarray
    true_logit: np.ndarray
    log_sums: np.ndarray

    def temperature(self) -> float:
        """The temperature of least mean negative log-likelihood, 0.1 to 10."""
        mean = CubicSpline(np.log(INVERSES), self.log_sums.mean(0))
        slope = self.true_logit.mean()
        edge = np.log(HOTTEST)

        def loss(log_inverse: float) -> float:
            return float(mean(log_inverse) - np.exp(log_inverse) * slope)

        found = minimize_scalar(loss, bounds=(-edge, edge), method="bounded")
        return float(np.exp(-found.x))

    def confidence(self, temperature: float = 1.0) -> np.ndarray:
        """float64[N], the probability of the most probable class at a temperature."""
        spline = CubicSpline(np.log(INVERSES), self.log_sums, axis=1)
        return np.exp(-spline(-np.log(temperature))).clip(0, 1)

    def reliability(self, temperature: float = 1.0) -> Reliability:
        """Confidence and accuracy by bins of confidence, at a temperature."""
        confidence = self.confidence(temperature)
        row = np.minimum((confidence * BINS).astype(int), BINS - 1)
        images = np.bincount(row, minlength=BINS)
        some = np.where(images > 0, images, np.nan)
        means = [np.bincount(row, v, minlength=BINS) / some for v in (confidence, self.correct)]
        return Reliability(images, *means)


def log_sums(logits: Tensor) -> Tensor:
    """log sum exp((logits - their maximum) / T) at 21 temperatures T, float[B, 21].

    These numbers and a logit give the probability of its class at any temperature, so that the
    logits of a whole data set need not be kept.

    Args:
        logits: float[B, C].
    """
    below = logits - logits.amax(1, keepdim=True)
    return torch.stack([(below * inverse).logsumexp(1) for inverse in INVERSES], 1)
