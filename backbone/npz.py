"""NumPy's .npz files, read as plain data: no pickled object is ever loaded."""

import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

# errors of numpy and zipfile for a file that is missing, damaged, or holds something else
NPZ_ERRORS = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


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
        return {name: file[name] for name in file.files if names is None or name in names}
