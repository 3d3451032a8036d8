"""The content of checkpoint files: read without running code, and verified byte for byte."""

import hashlib
import pickle
import struct
import zipfile
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from backbone.errors import InputError, shortened
from backbone.file_kinds import HEAD, ZIP, in_its_place
from backbone.file_tensors import unreadable
from backbone.wrapped import is_bare_pickle, object_in, plain_reason
from tasks.runs.names import NAME

DEEPEST, MOST_VALUES = 100, 2 * 10**6  # of the containers in a checkpoint
# errors of zipfile and torch for content that is not a complete checkpoint
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    pickle.UnpicklingError,
    RuntimeError,
    ValueError,
    LookupError,
    OSError,
    EOFError,
    TypeError,
    AttributeError,
    struct.error,
)


def checksum(tensors: Mapping[str, Tensor]) -> str:
    """32 hex digits of tensors, from their names, types, shapes and bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def read_content(path: Path) -> Any:
    """The content of a file of torch.save, with every byte checked against the file's checksums.

    Raises:
        InputError: the file is damaged, cut short, or of another kind.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is None:
            return torch.load(path, map_location="cpu", weights_only=True)
        reason = f"the checksum of {damaged} is wrong"
    except DAMAGED as error:
        held = object_in(error)
        reason = plain_reason(error) if held is None else f"it holds a pickled {held}"
        reason = _what_it_is(path) or reason
    raise InputError(
        f"{path} is damaged or not a checkpoint ({reason}; {path.stat().st_size} bytes): use "
        "another file, or train again with fresh=true"
    )


def _what_it_is(path: Path) -> str | None:
    """What a file is instead of a zip archive, if that is known."""
    if not path.is_file() or zipfile.is_zipfile(path):
        return None
    if is_bare_pickle(path):
        return "it was written by pickle.dump, not by a run, and is not opened"
    with path.open("rb") as file:
        head = file.read(HEAD)
    # a checkpoint is a zip archive itself, whose table of contents is at its end
    return "cut short" if head.startswith(ZIP) else in_its_place(head)


def require_bounded(value: Any, path: Path, what: str) -> None:
    """Raise InputError for values that no run writes.

    These are containers that contain themselves, containers of far too many values, and integers of
    more than 64 bits. A small file can declare very many values, because it can refer to the same
    container many times.
    """
    pending, seen = deque([(value, 0)]), 0
    while pending:
        inner, depth = pending.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST_VALUES:
            raise InputError(
                f"{path}: {what} contains itself, or more values than any run writes: the file "
                "is damaged or crafted; do not use it"
            )
        if isinstance(inner, int) and abs(inner) >= 2**64:
            raise InputError(f"{path}: {what} has an integer of {inner.bit_length()} bits")
        if isinstance(inner, dict):
            pending.extend((one, depth + 1) for one in inner.values())
        elif isinstance(inner, list | tuple | set):
            pending.extend((one, depth + 1) for one in inner)


def tensors_in(state: Mapping[Any, Any], path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict; other values in it, such as a task's own, are left out.

    Raises:
        InputError: a tensor cannot be used; complex and 8-bit ones can.
    """
    found = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    for name, value in found.items():
        if wrong := unreadable(name, value):
            raise InputError(
                f"{path} is damaged: its tensor {shortened(str(name))} {wrong}; use another file, "
                "or train again with fresh=true"
            )
    return found


def check_plain(value: Any, path: Path, place: Sequence[str]) -> None:
    """Raise InputError unless a configuration holds only plain values and names no code."""
    where = ".".join(place) or "the configuration"
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or (key.startswith("_") and key not in (NAME, "_partial_")):
                raise InputError(
                    f"{path}: {where} holds {key!r}, which no checkpoint of this suite does: it "
                    "may be crafted to run code. Nothing of it was run; do not use it"
                )
            check_plain(inner, path, (*place, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            check_plain(inner, path, (*place, str(i)))
    elif not isinstance(value, str | int | float | bool | None):
        raise InputError(f"{path}: {where} is a {type(value).__name__}, not a plain value")
