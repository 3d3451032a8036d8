"""Tensors in files that others wrote: which of them can be used."""

import numpy as np
import torch
from torch import Tensor

from backbone.errors import one_line

# Bytes of one tensor, about ten times those of the largest one in the networks here. A file of a
# few bytes can declare a larger one.
LARGEST = 2**31
REAL = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
VARIANCES = ("running_var", "moving_variance", "moving_variance:0")  # how their names end


def unreadable(name: object, value: object) -> str | None:
    """Why a value of a state dict cannot be used, even if it is not a weight.

    Returns:
        The end of a sentence about the value; None if it can be used.
    """
    if not isinstance(name, str):
        return "has a name that is not text"
    if not isinstance(value, Tensor):
        return f"is of type {type(value).__name__}, not a tensor"
    if value.is_nested:
        return "is of an unsupported kind (nested)"
    if value.is_meta:
        return "has a shape but no values"
    if value.layout != torch.strided or value.is_quantized or value.is_conj() or value.is_neg():
        return f"is of an unsupported kind ({value.layout}, {value.dtype})"
    size = value.numel() * value.itemsize
    if size > LARGEST and size > value.untyped_storage().nbytes():
        return f"claims {value.numel():,} values, but the file holds fewer"
    if name.endswith(VARIANCES) and value.dtype in REAL and (value < 0).any():
        return "has variances below 0"
    return None


def without_use(name: object, value: object) -> str | None:
    """Why a value of a state dict cannot be used as a weight.

    Returns:
        The end of a sentence about the value; None if it can be used.
    """
    if wrong := unreadable(name, value):
        return wrong
    assert isinstance(value, Tensor)
    if value.is_complex():
        return f"is of an unsupported kind ({value.dtype})"
    if not value.is_floating_point():
        return None
    try:
        numbers = value.float()
    except RuntimeError:  # values that share a byte
        return f"is of an unsupported kind ({value.dtype})"
    return None if numbers.isfinite().all() else "has values that are infinite or NaN"


def tensor_of(array: np.ndarray) -> Tensor:
    """An array of numbers of any byte order as a tensor; those of more than 8 bytes as float64."""
    native = array.dtype.newbyteorder("=") if array.dtype.itemsize <= 8 else np.dtype(np.float64)
    return torch.from_numpy(np.ascontiguousarray(array, native))


def require_usual_size(name: str, numbers: int, itemsize: int) -> None:
    """Raise ValueError before memory is claimed for a tensor larger than any network here has."""
    if numbers * itemsize > LARGEST:
        raise ValueError(f"{one_line(name)} claims {numbers:,} values")
