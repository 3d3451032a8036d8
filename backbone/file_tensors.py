"""Tensors in files that others wrote: which of them can be used as weights."""

import numpy as np
import torch
from torch import Tensor

from backbone.errors import one_line

# Bytes of one tensor; the largest of the networks here has a tenth of it. A file of a few bytes can
# hold a larger one, in which the same values are repeated.
LARGEST = 2**31
VARIANCES = ("running_var", "moving_variance", "moving_variance:0")  # how their names end


def without_use(name: object, value: object) -> str | None:
    """Why a value of a state dict cannot be used, apart from numbers that are not finite.

    Returns:
        The end of a sentence about the value; None if it can be used.
    """
    if not isinstance(name, str):
        return "does not have a text as its name"
    wrong = _unsupported(value)
    if wrong is None and name.endswith(VARIANCES) and isinstance(value, Tensor):
        wrong = "has variances below 0" if (value < 0).any() else None
    return wrong


def _unsupported(value: object) -> str | None:
    if not isinstance(value, Tensor):
        return f"is no tensor but of type {type(value).__name__}"
    if value.is_nested:
        return "is of an unsupported kind (nested)"
    if value.is_meta:
        return "has a shape but no values"
    if value.layout != torch.strided or value.is_quantized or value.is_complex():
        return f"is of an unsupported kind ({value.layout}, {value.dtype})"
    if value.is_floating_point() and value.itemsize < 2:
        return f"is of an unsupported kind ({value.dtype})"
    if value.numel() * value.itemsize > LARGEST:
        return f"claims {value.numel():,} values, more than any network here has"
    return None


def tensor_of(array: np.ndarray) -> Tensor:
    """An array of numbers of any byte order as a tensor; those of more than 8 bytes as float64."""
    native = array.dtype.newbyteorder("=") if array.dtype.itemsize <= 8 else np.dtype(np.float64)
    return torch.from_numpy(np.ascontiguousarray(array, native))


def require_usual_size(name: str, numbers: int, itemsize: int) -> None:
    """Raise ValueError before the memory for a tensor is claimed that no network here has."""
    if numbers * itemsize > LARGEST:
        raise ValueError(f"{one_line(name)} claims {numbers:,} values")
