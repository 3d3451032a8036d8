"""Writing a model for another runtime: the file and what is said of it, or only the report."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from backbone.files import require_writable, write_atomically
from tasks.export.card import Card
from tasks.export.description import describe
from tasks.export.gate import parity_proof
from tasks.export.graph import whole_answer
from tasks.export.options import Options
from tasks.export.quantised import trained_quantised
from tasks.export.score_gate import score_proof
from tasks.runs.directory import write_whole
from tasks.training.model import Model

DESCRIPTION, REPORT = "model.json", "parity.json"


class GateError(Exception):
    """A file that does not answer as the checkpoint does; the message says how."""


class Proof(Protocol):
    """What is written, and how a written file is seen to be right."""

    @property
    def model(self) -> Model:
        """The model that is written."""
        ...

    @property
    def precision(self) -> dict[str, Any]:
        """The precision of the file, for model.json."""
        ...

    def check(self, path: Path) -> dict[str, Any]:
        """What parity.json says of a file, as plain values; `passed` is one of them."""
        ...

    def told(self, report: Mapping[str, Any]) -> str:
        """That report in a few lines."""
        ...


def export(options: Options, trust: list[str]) -> Path:
    """Write a checkpoint's model as a file that its own runtime has been seen to run rightly.

    Returns:
        The file.

    Raises:
        InputError: the checkpoint, the photographs, the folder or the runtime cannot be used.
        GateError: the file's answers are off. It is gone, and only the report is there.
    """
    form, folder = options.form, options.output
    form.require()
    target = folder / form.file
    for name in (form.file, DESCRIPTION, REPORT):
        require_writable(folder / name)
    model = Model.load(options.checkpoint, trust)
    integers = options.int8 is not None or trained_quantised(model.task)
    proof: Proof = score_proof(options, model) if integers else parity_proof(options, model)
    description = describe(model, whole_answer(model), form, options.batch)
    description |= {"precision": proof.precision}
    with suppress(_OffError), write_atomically(target) as partial:
        form.write(proof.model, partial, options.batch, {DESCRIPTION: _json(description)})
        report = proof.check(partial)
        report["megabytes"] = round(partial.stat().st_size / 1e6, 2)
        if not report["passed"]:
            raise _OffError  # which leaves no partial file
    write_whole(folder / REPORT, _json(report))
    print(proof.told(report))
    card = Card(options.checkpoint.parent, folder)
    if not report["passed"]:
        for name in (form.file, DESCRIPTION):  # of an earlier export, which the report is not about
            (folder / name).unlink(missing_ok=True)
        card.remove()
        raise GateError(f"the file does not answer as the checkpoint does: {folder / REPORT}")
    write_whole(folder / DESCRIPTION, _json(description))
    card.write(form.file, proof.told(report))
    return target


class _OffError(Exception):
    """The gate has failed."""


def _json(values: Any) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
