"""OpenVINO reads the ONNX file as it is; nothing is written for it."""

from pathlib import Path

import numpy as np

RUNTIME = "openvino"


class OpenvinoFile:
    """An ONNX file, compiled by OpenVINO for the CPU.

    Args:
        path: of the file.
        names: of its outputs, in order.
        threads: to compute with; None: one per core.
    """

    def __init__(self, path: Path, names: list[str], threads: int | None = None):
        import openvino

        settings = {
            # on its own it may compute in bfloat16 where the CPU can
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        }
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = str(threads)
        self.names = names
        self.model = openvino.Core().compile_model(str(path), "CPU", settings)

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs by name for contiguous pixels uint8[B, h, w, 3]."""
        outputs = self.model(images)
        return {name: np.array(outputs[i]) for i, name in enumerate(self.names)}
