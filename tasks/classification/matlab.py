"""MATLAB files, in which Stanford Dogs and ImageNet publish their lists."""

import zlib
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from backbone.errors import InputError


def read_matlab(path: Path, *names: str) -> list[np.ndarray]:
    """The named variables of a MATLAB file, without dimensions of length one.

    Raises:
        InputError: the file is missing or damaged, or lacks a variable.
    """
    try:
        content = loadmat(path, squeeze_me=True, variable_names=names, appendmat=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; unpack the archive of lists") from None
    except (MatReadError, OSError, ValueError, TypeError, NotImplementedError, zlib.error) as error:
        raise InputError(
            f"{path}: not a MATLAB file, or damaged ({error}); download it again"
        ) from None
    missing = [name for name in names if name not in content]
    if missing:
        raise InputError(
            f"{path}: has no variable {' and no '.join(missing)}, so it is not the list that its "
            "name suggests; download it again"
        )
    return [np.atleast_1d(content[name]) for name in names]
