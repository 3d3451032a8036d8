"""Find the batch norms that can be folded into a convolution, by watching a network run."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves


class Reads(TorchFunctionMode):
    """Records how many operations read each tensor, and which tensors are outputs of convolutions.

    Attributes:
        count: id of a tensor -> number of operations.
        convolved: id of an output -> the output and the convolution's weight. They are kept alive,
            so that no other tensor gets the same id.
    """

    def __init__(self) -> None:
        self.count: Counter[int] = Counter()
        self.convolved: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run the operation; if it returns no tensor, as `x.shape` does, it reads no values."""
        result = function(*args, **(kwargs or {}))
        if any(isinstance(leaf, Tensor) for leaf in tree_leaves(result)):
            read = {id(x) for x in tree_leaves((args, dict(kwargs or {}))) if isinstance(x, Tensor)}
            self.count.update(read)
        if function is F.conv2d and len(args) > 1:
            self.convolved[id(result)] = result, args[1]
            self.count[id(result)] = 0  # an earlier tensor may have had this id
        return result


def norms_behind(network: nn.Module, run: Callable[[Any], Any]) -> dict[str, str]:
    """Path of a convolution -> path of the batch norm that is the only reader of its output.

    Both run once, and the convolution uses its weight and its bias unchanged. A copy of the network
    runs on torch's meta device, which only computes shapes.

    Args:
        network: any.
        run: calls the copy as in inference, and returns all outputs that are used.
    """
    tensors = {id(t): t.to("meta") for t in (*network.parameters(), *network.buffers())}
    twin = deepcopy(network, tensors).eval()
    reads = Reads()
    inputs: dict[str, Tensor] = {}
    runs: Counter[str] = Counter()

    def watch(path: str, norm: nn.Module) -> None:
        def before(norm: nn.Module, given: tuple[Any, ...]) -> None:
            runs[path] += 1
            inputs[path] = given[0]

        norm.register_forward_pre_hook(before)

    convolutions: dict[int, str] = {}
    for path, module in twin.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            watch(path, module)
        elif isinstance(module, nn.Conv2d):
            convolutions[id(module.weight)] = path
    with torch.no_grad(), reads:
        outputs = {id(leaf) for leaf in tree_leaves(run(twin))}

    def once(tensor: Tensor | None) -> bool:
        return tensor is None or reads.count[id(tensor)] == 1

    found = {}
    for norm, x in inputs.items():
        _, weight = reads.convolved.get(id(x), (None, None))
        conv = convolutions.get(id(weight))
        if conv is None or runs[norm] != 1 or id(x) in outputs:
            continue
        layer = twin.get_submodule(conv)
        assert isinstance(layer, nn.Conv2d)
        if once(x) and once(layer.weight) and once(layer.bias):
            found[conv] = norm
    return found
