"""Exporting a model: its file with a description and a report, or only a report of failure."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from backbone.files import folder_for_results, require_writable, write_atomically
from tasks.export.card import Card
from tasks.export.description import describe
from tasks.export.formats import Format
from tasks.export.gate import parity_proof
from tasks.export.graph import whole_answer
from tasks.export.options import Options
from tasks.export.quantised import trained_quantised
from tasks.export.score_gate import score_proof
from tasks.runs.card import FILE as CARD
from tasks.runs.directory import write_whole
from tasks.training.model import Model

DESCRIPTION, REPORT = "model.json", "parity.json"


class GateError(Exception):
    """The file does not answer as the checkpoint does; the message names the report."""


class Proof(Protocol):
    """What is written, and how a written file is checked."""

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
    """Write a checkpoint's model as a file, if its own runtime then gives the right answers.

    The file and those that describe it appear together.

    Returns:
        The file.

    Raises:
        InputError: the checkpoint, the photographs, the folder or the runtime cannot be used.
        GateError: the file's answers are off. It is gone, and only the report is there.
    """
    options.form.require()
    with folder_for_results(options.output):
        return _export(options, trust)


def _export(options: Options, trust: list[str]) -> Path:
    form, folder = options.form, options.output
    target = folder / form.file
    for name in (form.file, DESCRIPTION, REPORT):
        require_writable(folder / name)
    model = Model.load(options.checkpoint, trust)
    integers = options.int8 is not None or trained_quantised(model.task)
    proof: Proof = score_proof(options, model) if integers else parity_proof(options, model)
    description = describe(model, whole_answer(model), form, options.batch)
    texts = {DESCRIPTION: _json(description | {"precision": proof.precision})}
    card = Card(options.checkpoint.parent, folder)
    with ExitStack() as files:
        partial = files.enter_context(write_atomically(target))
        form.write(proof.model, partial, options.batch, texts)
        report = proof.check(partial)
        report["megabytes"] = round(partial.stat().st_size / 1e6, 2)
        told = proof.told(report)
        print(told)
        if not report["passed"]:
            raise GateError(_only_the_report(folder, form, report, card))
        texts |= {REPORT: _json(report)} | card.texts(form.file, told)
        for name, text in texts.items():
            place = files.enter_context(write_atomically(folder / name))
            place.write_text(text, encoding="utf-8")
    if CARD not in texts:
        card.remove()
    return target


def _only_the_report(folder: Path, form: Format, report: Mapping[str, Any], card: Card) -> str:
    """Leave nothing of an export in its folder, an earlier one included, but the report.

    Returns:
        What a person is told.
    """
    for name in (form.file, DESCRIPTION):
        (folder / name).unlink(missing_ok=True)
    card.remove()
    write_whole(folder / REPORT, _json(report))
    return f"the file does not answer as the checkpoint does: {folder / REPORT}"


def _json(values: Any) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
