"""Global average pooling whose gradient keeps the memory format."""

from torch import Tensor


def global_average(features: Tensor) -> Tensor:
    """The mean over all places of a map: float[B, C, h, w] -> float[B, C].

    What `mean((2, 3))` gives; but the gradient of that comes back contiguous, and the layers before
    it, in a channels_last network, go on in the wrong format.
    """
    return features.permute(0, 2, 3, 1).flatten(1, 2).mean(1)
