"""Find the state dict in files of training programs, which wrap it in other data."""

import argparse
import pickletools
import re
import zipfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

# keys under which training programs save the state dict; averaged weights before raw ones
NESTED = (
    "state_dict_ema",
    "model_ema",
    "ema_state_dict",
    "params_ema",
    "ema",
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "params",
    "net",
)
# The name of a network inside DistributedDataParallel, torch.compile, averaged models and Lightning
# modules: all of its tensors have this prefix.
WRAPPERS = ("module", "_orig_mod", "model", "ema_model", "net", "network")
# The name of a network inside a larger one, which has other tensors too.
PARTS = ("backbone", "encoder", "body")
LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # how files of torch.save before 1.6 begin
NEWER_PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
OLD_PICKLES = (b"(", b"}", b"]", b"c")  # protocols 0 and 1 have no header
CHUNK = 1 << 20  # bytes that are read at once
# in PyTorch's refusals: a class that is not allowed, and terminal codes for bold text
REFUSED_CLASS = re.compile(r"Unsupported (?:global|class)\b.*?(?:GLOBAL )?(\w+(?:\.\w+)+)")
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def load_pickle(path: Path) -> Any:
    """Read a file of torch.save, as tensors and plain containers only.

    The options that timm's training script saves beside the weights are allowed too. They are an
    `argparse.Namespace`, which holds values and cannot run code.

    Raises:
        pickle.UnpicklingError: it holds other objects.
        RuntimeError, EOFError, OSError, ValueError: it is damaged.
    """
    with torch.serialization.safe_globals([argparse.Namespace]):
        return torch.load(path, map_location="cpu", weights_only=True)


def damaged_part(path: Path) -> str | None:
    """The first part of a file of torch.save whose bytes differ from its checksum; None if none.

    PyTorch itself does not look. Parts without a checksum, which torch.save can leave out, and
    files from before 1.6, which have none, are passed over.

    Raises:
        zipfile.BadZipFile: the archive is cut short.
    """
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            try:
                with archive.open(part) as content:
                    while part.CRC and content.read(CHUNK):
                        pass
            except zipfile.BadZipFile:
                return part.filename
    return None


def is_bare_pickle(path: Path) -> bool:
    """Whether a file was written with `pickle.dump`, directly or not, rather than with torch.save.

    Its opcodes are read, but not executed.
    """
    with path.open("rb") as file:
        head = file.read(len(LEGACY))
        if head.startswith(NEWER_PICKLES):
            return head != LEGACY
        if not head.startswith(OLD_PICKLES):
            return False
        file.seek(0)
        try:
            deque(pickletools.genops(file), maxlen=0)
        except (ValueError, EOFError):
            return False
    return True


def object_in(error: Exception) -> str | None:
    """The class for which `load_pickle` refused a file; None if it failed for another reason.

    A whole model, `torch.save(model, FILE)`, is refused for such a class.
    """
    found = REFUSED_CLASS.search(str(error))
    if found is not None:
        return found.group(1)
    return "torch.jit.ScriptModule" if "TorchScript" in str(error) else None


def plain_reason(error: Exception) -> str:
    """The first line of PyTorch's message, without terminal codes; or else the error's name."""
    lines = ESCAPES.sub("", str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def find_state(content: Any) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The tensors of the innermost state dict in a file, under their network's own names.

    Args:
        content: the file's content, for example `{"epoch": 3, "state_dict": {"module.fc.weight":
            ...}}`.

    Returns:
        `{"fc.weight": ...}`, empty if there is no state dict; and the names of the tensors that do
        not belong to the network (see `unwrapped`).
    """
    seen: set[int] = set()
    while isinstance(content, Mapping):
        inner = next((content[key] for key in NESTED if _is_nested(content.get(key))), None)
        if inner is None:
            break
        if id(inner) in seen:  # a file can hold a mapping that contains itself
            return {}, ()
        seen.add(id(inner))
        content = inner
    if not isinstance(content, Mapping):
        return {}, ()
    return unwrapped({str(k): v for k, v in content.items() if isinstance(v, Tensor)})


def _is_nested(value: object) -> bool:
    return isinstance(value, Mapping) and len(value) > 0


def unwrapped(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """A state dict without the names of modules that were wrapped around the network.

    Returns:
        The network's tensors; and the names of the others, if the file holds a network under
        `backbone.` beside a head, as a detector's file does.
    """
    state, others = dict(state), list[str]()
    while True:
        first = {key.partition(".")[0] for key in state}
        wrapper = next((name for name in WRAPPERS if {name} == first), None)
        wrapper = wrapper or next((name for name in PARTS if name in first), None)
        if wrapper is None or not all("." in key for key in state if key.startswith(wrapper)):
            return state, tuple(others)
        others += [key for key in state if key.partition(".")[0] != wrapper]
        state = {k.partition(".")[2]: v for k, v in state.items() if k.startswith(f"{wrapper}.")}
