"""The formats that a model can be exported to. Nothing here imports torch or a runtime."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from packaging.version import Version

from backbone.errors import InputError


class ExportedFile(Protocol):
    """An exported file, ready to be run by its own runtime."""

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs by name for contiguous pixels uint8[B, h, w, 3]."""
        ...


@dataclass(frozen=True)
class Format:
    """A format of exported files.

    Its module, `tasks.export.NAME`, has `write_NAME(model, path, batch, described)`, which writes
    a file, `NameFile(path, names, threads)`, which is an `ExportedFile`, and `RUNTIME`, the package
    that runs it.

    Args:
        name: as in format=NAME; also the extra of the suite's package that installs what it needs.
        suffix: of its files.
        packages: what it needs, with the oldest release.
        batch: images per call unless the user says; None: any number.
        note: what else to say about an installation.
        whole: the type of whole numbers in a file's answers.
    """

    name: str
    suffix: str
    packages: Mapping[str, str]
    batch: int | None = None
    note: str = ""
    whole: str = "int64"

    @property
    def file(self) -> str:
        """The name of an exported file."""
        return f"model{self.suffix}"

    @property
    def runtime(self) -> str:
        """The package that runs such files."""
        return str(self._of_module("RUNTIME"))

    def write(self, *arguments: Any) -> None:
        """Write a file; arguments as of `tasks.export.onnx.write_onnx`."""
        self._of_module(f"write_{self.name}")(*arguments)

    def open(self, path: Path, names: list[str], threads: int | None = None) -> ExportedFile:
        """A file, ready to run.

        Args:
            path: of the file.
            names: of its outputs, in order; model.json lists them.
            threads: to compute with; None: one per core.
        """
        opened: ExportedFile = self._of_module(f"{self.name.title()}File")(path, names, threads)
        return opened

    def _of_module(self, name: str) -> Any:
        return getattr(importlib.import_module(f"tasks.export.{self.name}"), name)

    def require(self) -> None:
        """Raise InputError unless the packages are installed, and new enough."""
        advice = f"python -m pip install 'mobilenet-suite[{self.name}]'{self.note}"
        for package, oldest in self.packages.items():
            try:
                found = version(package)
            except PackageNotFoundError:
                raise InputError(
                    f"format={self.name} needs {package}, which is not installed: {advice}"
                ) from None
            if Version(found) < Version(oldest):
                raise InputError(
                    f"format={self.name} needs {package} {oldest} or newer, and {found} is "
                    f"installed: {advice}"
                )


FORMATS = {
    form.name: form
    for form in (
        Format(
            "onnx",
            ".onnx",
            {"onnx": "1.23", "onnxscript": "0.7.2", "onnxruntime": "1.32"},
        ),
        Format("executorch", ".pte", {"executorch": "1.2", "torchao": "0.17"}, batch=1),
        Format(
            "litert",
            ".tflite",
            {"litert-torch": "0.10", "ai-edge-litert": "2.3"},
            batch=1,
            note=", in an environment of its own",
            whole="int32",
        ),
    )
}

# what runs a file that another format has written
READERS = {"openvino": Format("openvino", ".onnx", {"openvino": "2026.4"})}
