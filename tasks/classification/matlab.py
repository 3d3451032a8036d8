"""Matlab files: the lists that come with Stanford Dogs and ImageNet."""

import zlib
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from backbone.errors import InputError


def read_matlab(path: Path, *names: str) -> list[np.ndarray]:
    """The named variables of a Matlab file, each without its dimensions of length one.

    Raises: InputError for a file that is missing, damaged, or has no such variable.
    """
    try:
        content = loadmat(path, squeeze_me=True, variable_names=names, appendmat=False)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; unpack the archive of lists") from None
    except (MatReadError, OSError, ValueError, TypeError, NotImplementedError, zlib.error) as error:
        raise InputError(
            f"{path}: not a Matlab file that can be read, or damaged ({error}); get it again"
        ) from None
    missing = [name for name in names if name not in content]
    if missing:
        raise InputError(
            f"{path}: has no variable {' and no '.join(missing)}; it is not the list that its name "
            "says: get it again"
        )
    return [np.atleast_1d(content[name]) for name in names]
