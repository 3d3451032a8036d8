"""Images for the models that are exported."""

import numpy as np

from tasks.training.model import Model


def noise(model: Model, count: int) -> np.ndarray:
    """Images of coloured noise, coarse enough to look like something: uint8[count, h, w, 3]."""
    height, width = model.size
    cells = np.random.default_rng(count).integers(0, 256, (count, 9, 9, 3), np.uint8)
    rows, columns = np.arange(height) * 9 // height, np.arange(width) * 9 // width
    return np.ascontiguousarray(cells[:, rows][:, :, columns])
