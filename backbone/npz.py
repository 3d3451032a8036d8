"""NumPy's .npz files, read as plain data: no pickled object is ever loaded."""

import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from backbone.errors import one_line

# errors of numpy and zipfile for a file that is missing, damaged, or holds something else
NPZ_ERRORS = (
    *(OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error),
)


def read_npz(path: Path, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of an .npz file by name; of `names`, those that it has.

    Raises:
        One of `NPZ_ERRORS`: the file is missing, damaged, or not an .npz file; a wanted array holds
            Python objects.
    """
    file = np.load(path, allow_pickle=False)
    if isinstance(file, np.ndarray):
        raise ValueError("it holds a single array without a name")
    with file:
        arrays = {name: file[name] for name in file.files if names is None or name in names}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # a file of another kind in the archive
            raise ValueError(f"{one_line(name)} is not an array")
    return arrays
