"""Writing a model for another runtime: the file, model.json and parity.json, or only the report."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from backbone.files import require_writable, write_atomically
from tasks.export.description import describe
from tasks.export.gate import check, told_parity
from tasks.export.graph import whole_answer
from tasks.export.options import Options
from tasks.export.photographs import named_photographs, pixels_of_files, validation_pixels
from tasks.runs.directory import write_whole
from tasks.training.model import Model

DESCRIPTION, REPORT = "model.json", "parity.json"


class GateError(Exception):
    """A file that does not answer as the checkpoint does; the message says how."""


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
    paths = None if options.photos is None else named_photographs(options.photos)
    model = Model.load(options.checkpoint, trust)
    if paths is None:
        pixels, source = validation_pixels(model.checkpoint)
    else:
        pixels, source = pixels_of_files(model, paths), f"photos={options.photos}"
    description = describe(model, whole_answer(model), form.name, form.file)
    with suppress(_OffError), write_atomically(target) as partial:
        form.write(model, partial, options.batch, {DESCRIPTION: _json(description)})
        report = check(model, form, partial, pixels, options.batch) | {"source": source}
        report["megabytes"] = round(partial.stat().st_size / 1e6, 2)
        if not report["passed"]:
            raise _OffError  # which leaves no partial file
    write_whole(folder / REPORT, _json(report))
    print(told_parity(report))
    if not report["passed"]:
        for name in (form.file, DESCRIPTION):  # of an earlier export, which the report is not about
            (folder / name).unlink(missing_ok=True)
        raise GateError(f"the file does not answer as the checkpoint does: {folder / REPORT}")
    write_whole(folder / DESCRIPTION, _json(description))
    return target


class _OffError(Exception):
    """The gate has failed."""


def _json(values: Any) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
