"""Turn the layers of a network into quantised ones, with the ranges of their values."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from backbone.conv import ConvBN
from backbone.folding import fold_pair
from backbone.head import Head
from backbone.quantized import (
    WEIGHT_BITS,
    QuantizedConv2d,
    QuantizedConvBN,
    QuantizedLayer,
    QuantizedLinear,
    Rounding,
    in_float,
    quantized_layers,
)
from backbone.trunk import Trunk

# Other images have larger values than those that ranges were measured on. A hidden tensor may be
# clipped; but clipped answers would make the best ones equal, so their range is widened by this
# share.
MARGIN = 0.25


@dataclass(frozen=True)
class Quantization:
    """A network of quantised layers, and the rounding that each layer's input comes through.

    Args:
        network: changed by `quantize`.
        run: calls the network as in inference, given the network and images float[B, 3, h, w].
        sources: path of a layer -> path of the rounding that its input passes last, in the order in
            which the layers run.
    """

    network: nn.Module
    run: Callable[[nn.Module, Tensor], Any]
    sources: Mapping[str, str]

    @property
    def layers(self) -> dict[str, QuantizedLayer]:
        """The quantised layers that run, by their paths."""
        found = quantized_layers(self.network)
        return {path: found[path] for path in self.sources}

    def use(self, integers: Iterable[str]) -> None:
        """Let these layers compute in integers, and the others in float.

        A tensor is rounded if the layer that writes it, or one that reads it, computes in integers.
        """
        chosen, layers = set(integers), self.layers
        for path, layer in layers.items():
            layer.exact = path not in chosen
            for rounding in (layer.before, layer.after):
                if rounding is not None:
                    rounding.active = path in chosen
        for path in chosen:
            layers[path].source[0].active = True

    def calibrate(self, batches: Iterable[Tensor]) -> None:
        """Set the ranges to the smallest and largest values that these images give.

        Args:
            batches: float[B, 3, h, w], normalised.
        """
        with torch.no_grad(), in_float(self.network, watch=True):
            for images in batches:
                self.run(self.network, images)
        read = set(self.sources.values())
        for path, layer in self.layers.items():
            if layer.after is not None and f"{path}.after" not in read:
                layer.after.range.mul_(1 + MARGIN)

    def correct_biases(self, batches: Iterable[Tensor]) -> None:
        """Set each layer's shift to the mean error that rounding its weights adds to its output.

        A depthwise kernel has nine weights, so their errors do not cancel, and the mean of a
        channel moves (arXiv 1906.04721, section 4.2).

        Args:
            batches: as for `calibrate`; the ranges are known.
        """
        layers = self.layers
        totals: dict[str, Tensor] = {}
        counts = dict.fromkeys(layers, 0)
        lost = {path: lost_weight(layer) for path, layer in layers.items()}

        def note(path: str, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            missing = layers[path].product(inputs[0], lost[path], None)
            channels = 1 if missing.ndim == 4 else missing.ndim - 1
            rows = missing.movedim(channels, -1).flatten(0, -2)
            totals[path] = totals.get(path, torch.zeros_like(rows[0])) + rows.sum(0)
            counts[path] += len(rows)

        with torch.no_grad(), in_float(self.network), ExitStack() as hooks:
            for path, layer in layers.items():
                watch = partial(note, path)
                hooks.enter_context(layer.register_forward_pre_hook(watch))
            for images in batches:
                self.run(self.network, images)
        for path, total in totals.items():
            layers[path].shift = total / counts[path]

    def errors(self, batches: Iterable[Tensor]) -> dict[str, float]:
        """How much each layer alone, in integers, changes the network's outputs: path -> share.

        It is the squared difference over the variance of the output, averaged over the outputs.
        Afterwards all layers compute in integers.

        Args:
            batches: as for `calibrate`.
        """
        batches = list(batches)
        layers = list(self.layers)
        with torch.no_grad():
            self.use(())
            exact = [self._outputs(images) for images in batches]
            spread = [torch.cat(parts).var() for parts in zip(*exact, strict=True)]
            found = {}
            for path in layers:
                self.use([path])
                shares = []
                for images, outputs in zip(batches, exact, strict=True):
                    pairs = zip(self._outputs(images), outputs, spread, strict=True)
                    shares.append(sum(float((a - b).square().mean() / v) for a, b, v in pairs))
                found[path] = sum(shares) / (len(shares) * len(spread))
        self.use(layers)
        return found

    def _outputs(self, images: Tensor) -> list[Tensor]:
        leaves = tree_leaves(self.run(self.network, images))
        return [x for x in leaves if isinstance(x, Tensor) and x.is_floating_point()]


def quantize(
    network: nn.Module,
    run: Callable[[nn.Module, Tensor], Any],
    size: tuple[int, int],
    bits: int = WEIGHT_BITS,
) -> Quantization:
    """Replace the convolutions and linear layers of a network by quantised ones, in place.

    The tensors of the state keep their names; `*.after.range` and `*.before.range` are added. Batch
    norms that do not belong to a `ConvBN` are folded first, and their tensors are removed.

    Args:
        network: usually a head.
        run: calls the network as in inference, given the network and images. It is called once, on
            an image of zeros, to find out which layer reads what.
        size: (h, w) of that image in pixels.
        bits: of the weights, 8 or 7. With 8, integer products overflow on CPUs without VNNI.
    """
    for head in [module for module in network.modules() if isinstance(module, Head)]:
        head.separate_maps()
    for path, module in list(network.named_modules()):
        if isinstance(module, Trunk):
            for conv, bn in module.norms.items():
                fold_pair(network, f"{path}.{conv}".lstrip("."), f"{path}.{bn}".lstrip("."))
    _replace(network, bits)
    was_training = network.training
    network.eval()
    sources = _find_sources(network, lambda: run(network, torch.zeros(1, 3, *size)))
    network.train(was_training)
    return Quantization(network, run, sources)


def _replace(parent: nn.Module, bits: int) -> None:
    for name, child in list(parent.named_children()):
        if isinstance(child, ConvBN) and len(child) > 1:
            setattr(parent, name, QuantizedConvBN(child, bits))
        elif isinstance(child, nn.Conv2d):
            setattr(parent, name, QuantizedConv2d(child, bits))
        elif isinstance(child, nn.Linear):
            setattr(parent, name, QuantizedLinear(child, bits))
        else:
            _replace(child, bits)


def _find_sources(network: nn.Module, run: Callable[[], Any]) -> dict[str, str]:
    """The source of each layer's input; if no other layer is the source, it rounds by itself."""
    names: dict[nn.Module, str] = {m: path for path, m in quantized_layers(network).items()}
    written: dict[int, tuple[Tensor, str]] = {}  # keeps the tensors alive, so that ids stay theirs
    sources: dict[str, str] = {}

    def before(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        path, x = names[layer], inputs[0]
        source = f"{written[id(x)][1]}.after" if id(x) in written else f"{path}.before"
        # a layer that runs on several maps rounds all of them alike
        sources[path] = source if sources.get(path, source) == source else f"{path}.before"

    def behind(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        written[id(output)] = output, names[layer]

    with torch.no_grad(), in_float(network), ExitStack() as hooks:
        for layer in names:
            hooks.enter_context(layer.register_forward_pre_hook(before))
            hooks.enter_context(layer.register_forward_hook(behind))
        run()
    read = set(sources.values())
    for path, layer in quantized_layers(network).items():
        if isinstance(layer, QuantizedLinear) and f"{path}.after" not in read:
            layer.after = None  # an answer, which no integer layer reads
        if sources.get(path) == f"{path}.before":
            layer.before = Rounding()
    for path, source in sources.items():
        rounding = network.get_submodule(source)
        assert isinstance(rounding, Rounding)
        network.get_submodule(path).source = (rounding,)  # type: ignore[assignment]
    return sources


def lost_weight(layer: QuantizedLayer) -> Tensor:
    """The part of a layer's weight that rounding removes."""
    with torch.no_grad():
        weight, _ = layer.kernel()
        rounded, _ = layer.parameters_used()
        return weight - rounded
