"""LiteRT, TensorFlow Lite's successor: .tflite files, run by ai-edge-litert."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from backbone.integers import has_integers
from tasks.export.graph import fixed_batch, whole_answer
from tasks.training.model import Model

RUNTIME = "ai-edge-litert"


def write_litert(
    model: Model, path: Path, batch: int | None = 1, described: Mapping[str, str] | None = None
) -> None:
    """Write a model as one LiteRT file; input and outputs as of `write_onnx`.

    Args:
        batch: images per call, a number.
        described: not used: model.json beside the file says it.

    Raises:
        InputError: a Faster R-CNN, whose RoI Align LiteRT does not have; or any batch.
    """
    batch = fixed_batch(model, batch, "litert", "LiteRT")
    import litert_torch

    graph = whole_answer(model)
    integers = _integers() if has_integers(model.task.head) else None
    converted = litert_torch.convert(graph, (graph.example(batch),), quant_config=integers)
    converted.export(str(path))


def _integers() -> Any:
    """What makes the converter keep the integers that a network already has."""
    from litert_torch.quantize.pt2e_quantizer import (
        PT2EQuantizer,
        get_symmetric_quantization_config,
    )
    from litert_torch.quantize.quant_config import QuantConfig

    scheme = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=False)
    return QuantConfig(pt2e_quantizer=PT2EQuantizer().set_global(scheme))


class LitertFile:
    """A LiteRT file.

    Args:
        path: of the file.
        names: of its outputs, in order.
        threads: to compute with.
    """

    def __init__(self, path: Path, names: list[str], threads: int | None):
        from ai_edge_litert.interpreter import Interpreter

        self.names = names
        interpreter = Interpreter(model_content=path.read_bytes(), num_threads=threads)
        self.runner = interpreter.get_signature_runner()
        (self.input,) = self.runner.get_input_details()

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs by name for contiguous pixels uint8[B, h, w, 3], B as it was exported."""
        outputs = self.runner(**{self.input: images})
        return {name: outputs[f"output_{i}"] for i, name in enumerate(self.names)}
