"""From a network's outputs to probabilities of cells, and from positions to targets."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.geolocation.hierarchy import Level
from tasks.geolocation.sphere import EARTH_RADIUS_KM, unit_vectors


class Cells(nn.Module):
    """The cells of a partition and of coarser ones: the loss, and the probabilities.

    One linear layer has the outputs of all levels: first those of the partition's own cells, last
    those of the coarsest partition.

    Args:
        levels: coarsest first, the partition's own last (see `hierarchy_levels`).
        smoothing_km: tau of `soft_targets`; 0: only the true cell is a target.
    """

    centres0: Tensor

    def __init__(self, levels: Sequence[Level], smoothing_km: float = 0.0):
        super().__init__()
        levels = list(reversed(levels))
        self.smoothing_km = smoothing_km
        self.sizes = [len(level.cells) for level in levels]
        for k, level in enumerate(levels):
            self._keep(f"ancestor{k}", torch.from_numpy(level.ancestor))
            # single precision resolves 1 m, both in degrees and in unit vectors
            self._keep(f"centres{k}", torch.from_numpy(level.centres.astype(np.float32)))
            points = unit_vectors(*level.centres.T).astype(np.float32)
            self._keep(f"points{k}", torch.from_numpy(points))

    def _keep(self, name: str, tensor: Tensor) -> None:
        self.register_buffer(name, tensor, persistent=False)  # it can be computed from the labels

    def by_level(self, logits: Tensor) -> tuple[Tensor, ...]:
        """The logits [B, outputs of all levels] of each level as float32[B, its cells]."""
        logits = logits.float()
        # LiteRT's converter does not support a split into a single part
        return logits.split(self.sizes, dim=1) if len(self.sizes) > 1 else (logits,)

    def loss(self, logits: Tensor, cells: Tensor, positions: Tensor) -> dict[str, Tensor]:
        """The cross-entropy of each level, in float32.

        Args:
            logits: float[B, outputs of all levels].
            cells: int64[B], the partition's cells that the photographs were taken in.
            positions: float[B, 2], latitude and longitude in degrees.
        """
        terms = {}
        for k, part in enumerate(self.by_level(logits)):
            if self.smoothing_km:
                points = getattr(self, f"points{k}")
                target = soft_targets(distances_km(positions, points), self.smoothing_km)
            else:
                target = getattr(self, f"ancestor{k}")[cells]
            terms[f"coarser_{k}" if k else "cells"] = F.cross_entropy(part, target)
        return terms

    def probabilities(self, logits: Tensor) -> Tensor:
        """Probabilities float32[B, C] of the partition's cells.

        The probability of a cell is the product of its own and those of the cells that contain it
        at each coarser level, normalised over all cells (Müller-Budack et al., "Geolocation
        Estimation of Photos using a Hierarchical Model and Scene Classification", 2018). Seo et
        al., "CPlaNet", 2018, also correct fine cells by coarse ones.
        """
        total = torch.zeros((), device=logits.device)
        for k, part in enumerate(self.by_level(logits)):
            total = total + part.log_softmax(1)[:, getattr(self, f"ancestor{k}")]
        return total.softmax(1)

    def answer(self, logits: Tensor) -> dict[str, Tensor]:
        """The most probable cell, and all probabilities.

        Returns:
            `cell` int64[B], the most probable; `position` float32[B, 2], the mean position of its
            photographs in degrees; `probabilities` float32[B, C].
        """
        probabilities = self.probabilities(logits)
        cell = probabilities.argmax(1)
        return {"cell": cell, "position": self.centres0[cell], "probabilities": probabilities}


def distances_km(positions: Tensor, points: Tensor) -> Tensor:
    """Great-circle distances float32[B, C] from degrees [B, 2] to unit vectors [C, 3]."""
    latitude, longitude = positions.float().deg2rad().unbind(1)
    across = latitude.cos()
    here = torch.stack([across * longitude.cos(), across * longitude.sin(), latitude.sin()], 1)
    # from the chord, since a cosine would lose the digits of short distances
    chord = torch.cdist(here, points, compute_mode="donot_use_mm_for_euclid_dist")
    return 2 * EARTH_RADIUS_KM * torch.asin((chord / 2).clamp(max=1))


def soft_targets(distances: Tensor, tau: float) -> Tensor:
    """Targets that decrease with the distance d_i of a cell's centre from the photograph.

        t_i = exp(-d_i / tau) / sum_j exp(-d_j / tau)

    This is the haversine smoothing of Haas et al., "PIGEON" (arXiv 2307.05845), who use a tau of 75
    km. They scale by the true cell's distance, exp(-(d_i - d_true) / tau), which only changes the
    weight of each photograph; here all have weight one.

    Args:
        distances: float[B, C] in km.
        tau: in km; a cell that is farther by tau has 1/e of the target.
    """
    return (-distances / tau).softmax(1)
