"""Eight-bit integers after training: ranges from photographs, and float where integers cost most.

The quantised network is simulated in float (see `backbone.quantized`), so that its score is known
before anything is written, and the file holds just what was simulated.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from backbone.integers import ONNX, Notation, as_integers
from backbone.quantized import quantized_layers
from backbone.quantizing import quantize
from tasks.training.learner import Learner
from tasks.training.model import Model

AT_ONCE = 16  # images per call
COMPARED = 16  # photographs that each layer's error is measured on


@dataclass(frozen=True)
class QuantisedTask:
    """A task whose network computes as integers would, and how it was made.

    Args:
        task: a copy, in evaluation mode.
        bits: of its weights.
        photographs: that its ranges were measured on; 0 where training has found them.
        layers: paths of the layers that could compute in integers.
        in_float: those of them that do not.
        errors: of each layer alone, see `Quantization.errors`, if they were needed.
        score: of the simulation; None where nothing was scored.
    """

    task: Learner[Any]
    bits: int
    photographs: int
    layers: Sequence[str]
    in_float: Sequence[str] = ()
    errors: dict[str, float] = field(default_factory=dict)
    score: float | None = None


def weight_bits(reduce_range: bool | None) -> int:
    """Bits of the weights: 7 for CPUs whose products of 8-bit numbers overflow.

    x86 CPUs without VNNI add two products up in 16 bits, where 255 x 127 x 2 has no room. ARM and
    WebAssembly do not.

    Args:
        reduce_range: whether the weights are to have 7; None: if this machine's CPU needs it.
    """
    if reduce_range is None:
        able = torch.cpu.get_capabilities()
        vnni = able.get("avx512_vnni", False) or able.get("avx_vnni", False)
        reduce_range = able["architecture"] == "x86_64" and not vnni
    return 7 if reduce_range else 8


def quantise(
    model: Model,
    pixels: np.ndarray,
    bits: int,
    score: Callable[[Learner[Any]], float] | None = None,
    enough: Callable[[float], bool] = lambda _: True,
) -> QuantisedTask:
    """A copy of a model's task in integers, with as many layers in float as its score asks for.

    Layers go back to float in the order of their errors, the worst first, and as few as it takes.

    Args:
        model: on the CPU; it stays as it is.
        pixels: photographs as the network sees them, uint8[N, h, w, 3], without labels.
        bits: of the weights, 8 or 7.
        score: scores a task; None: nothing is scored, and all layers compute in integers.
        enough: whether a score is good enough.
    """
    task = deepcopy(model.task)
    quantization = quantize(task.head, lambda _, images: task.network(images), model.size, bits)
    batches = normalised(task, pixels)
    quantization.calibrate(batches)
    quantization.correct_biases(batches)
    layers = list(quantization.layers)
    found = QuantisedTask(task, bits, len(pixels), layers)
    if score is None:
        return found
    value = score(task)
    if enough(value):
        return QuantisedTask(task, bits, len(pixels), layers, score=value)
    errors = quantization.errors(normalised(task, pixels[:COMPARED]))
    worst = sorted(layers, key=lambda path: -errors[path])

    def with_in_float(count: int) -> float:
        quantization.use(worst[count:])
        return score(task)

    count, value = fewest(with_in_float, enough, len(worst))
    quantization.use(worst[count:])
    return QuantisedTask(
        task, bits, len(pixels), layers, in_float=worst[:count], errors=errors, score=value
    )


def normalised(task: Learner[Any], pixels: np.ndarray) -> list[Tensor]:
    """Photographs uint8[N, h, w, 3] as batches that the head reads."""
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    with torch.no_grad():
        return [task.preprocess(part) for part in torch.split(images, AT_ONCE)]


def fewest(
    score: Callable[[int], float], enough: Callable[[float], bool], most: int
) -> tuple[int, float]:
    """The least number from 1 to `most` whose score is enough, and the score.

    It is tried at 1, 2, 4 ... and then between the last two, as if more were never worse. If none
    is enough, it is `most`.
    """
    below, count = 0, 1
    value = score(count)
    while not enough(value) and count < most:
        below, count = count, min(2 * count, most)
        value = score(count)
    while count - below > 1:
        middle = (below + count) // 2
        between = score(middle)
        if enough(between):
            count, value = middle, between
        else:
            below = middle
    return count, value


def in_integers(model: Model, quantised: QuantisedTask, notation: Notation = ONNX) -> Model:
    """A model for export, whose network is written in integers.

    Args:
        notation: of the integers.
    """
    written = deepcopy(model)
    written.task = deepcopy(quantised.task)
    written.task.head = as_integers(quantised.task.head, notation)
    return written


def with_answers_in_float(quantised: QuantisedTask) -> QuantisedTask:
    """The same, but for linear layers that answer in float.

    XNNPACK and LiteRT have no integers for them.
    """
    in_float = list(quantised.in_float)
    for path, layer in quantized_layers(quantised.task.head).items():
        if layer.after is None and not layer.exact:
            layer.exact = True
            if layer.before is not None:
                layer.before.active = False
            in_float.append(path)
    return replace(quantised, in_float=in_float)


def trained_quantised(task: Learner[Any]) -> bool:
    """Whether a task was trained with fake quantisation, and has ranges of its own."""
    return bool(quantized_layers(task.head))


def learnt_task(model: Model, score: float) -> QuantisedTask:
    """The task of a model that was trained with fake quantisation.

    Args:
        score: its own.
    """
    layers = quantized_layers(model.task.head)
    bits = next(iter(layers.values())).bits
    return QuantisedTask(model.task, bits, 0, list(layers), score=score)
