"""Global average pooling whose gradient keeps the memory format."""

from torch import Tensor


def global_average(features: Tensor) -> Tensor:
    """The mean over a map's cells: float[B, C, h, w] -> float[B, C].

    The same as `mean((2, 3))`. The gradient of that is contiguous, however, so in a channels_last
    network the backward pass would continue in the wrong memory format.
    """
    return features.permute(0, 2, 3, 1).flatten(1, 2).mean(1)
