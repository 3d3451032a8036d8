"""Read Keras's HDF5 weights, as written by `model.save_weights("x.h5")` or `model.save("x.h5")`."""

from collections.abc import Collection
from pathlib import Path

import h5py
import numpy as np
from torch import Tensor

from backbone.errors import InputError
from backbone.file_tensors import require_usual_size, tensor_of

MAGIC = b"\x89HDF\r\n\x1a\n"
TENSORS = {
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "bias": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def read_keras_h5(path: Path, layers: Collection[str]) -> dict[str, Tensor]:
    """Tensors of a Keras file as `<layer>.<PyTorch's tensor name>`, in PyTorch's axis order.

    Args:
        path: the file.
        layers: names of layers. A tensor belongs to the outermost group with one of these names, so
            the network may be part of a larger model; without any, to the outermost group.

    Returns:
        The tensors, in the network's order if the file records it.

    Raises:
        InputError: the file is damaged or cut short, or of a kind that does not name its layers.
    """
    arrays: dict[tuple[str, ...], np.ndarray] = {}

    def visit(name: str, node: h5py.Group | h5py.Dataset) -> None:
        if isinstance(node, h5py.Dataset) and node.dtype.kind == "f" and node.shape is not None:
            require_usual_size(name, node.size, node.dtype.itemsize)
            arrays[tuple(name.split("/"))] = node[()]

    try:
        with h5py.File(path) as file:
            # a saved model also holds the optimizer's state
            model = file.get("model_weights", file)
            model.visititems(visit)
            order = [n if isinstance(n, str) else n.decode() for n in model.attrs["layer_names"]]
    except (OSError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        with path.open("rb") as damaged:
            head = damaged.read(16)
        raise InputError(
            f"{path} is not a complete HDF5 file ({error}; {path.stat().st_size} "
            f"bytes, it begins with {head!r}): download it again"
        ) from error
    except KeyError as error:
        raise InputError(
            f"{path} does not name its layers (Keras's .weights.h5 files do not): write it with "
            'model.save("NAME.h5")'
        ) from error
    rank = {layer: n for n, layer in enumerate(order)}
    state = {}
    for groups in sorted(arrays, key=lambda groups: rank.get(groups[0], len(rank))):
        layer = next((group for group in groups[:-1] if group in layers), groups[0])
        tensor = groups[-1].removesuffix(":0")
        state[f"{layer}.{TENSORS.get(tensor, tensor)}"] = _pytorch_axes(arrays[groups])
    return state


def _pytorch_axes(array: np.ndarray) -> Tensor:
    tensor = tensor_of(array)
    if tensor.ndim == 2:  # dense: [inputs, outputs]
        return tensor.t().contiguous()
    if tensor.ndim == 4:
        height, _, _, outputs = tensor.shape
        # depthwise: [height, width, channels, 1]; no 3x3 layer here has a single output channel
        depthwise = outputs == 1 and height > 1
        return tensor.permute((2, 3, 0, 1) if depthwise else (3, 2, 0, 1)).contiguous()
    return tensor
