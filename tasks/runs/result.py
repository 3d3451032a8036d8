"""result.json: what a finished run reported, read and checked."""

import json
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backbone.errors import InputError

# a list of numbers as json.dumps indents it; texts hold no line breaks, so it is never part of one
NUMBERS = re.compile(r"\[\n\s+[-\d.eE+]+(?:,\n\s+[-\d.eE+]+)*\n\s+\]")


class _Part(BaseModel):
    """A part of a result, in the types that were written; it may hold more than what is checked."""

    model_config = ConfigDict(strict=True)


class _Paper(_Part):
    """The paper's row beside a run; its cells are texts."""

    data: str
    row: str
    metric: str
    value: float | None
    others: dict[str, float] = {}
    mult_adds: str
    parameters: str


class _Scores(_Part):
    """What every result holds: scores by name, and their units where they are not shares."""

    metrics: dict[str, float] = Field(min_length=1)
    intervals: dict[str, list[float]] = {}
    units: dict[str, str | None] = {}
    lower_is_better: list[str] = []
    baselines: dict[str, dict[str, float]] = {}
    paper: _Paper | None


class _Cost(_Part):
    """Of the network, for one image."""

    mult_adds: float
    parameters: float


class _Speed(_Part):
    """Images per second; None where nothing was trained."""

    train_images_per_second: float | None
    test_images_per_second: float | None
    device: str
    precision: str


class _Category(_Part):
    """A row of the scores by category: further values are these, or curves."""

    model_config = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: dict[str, float | list[float] | None]

    id: int | str
    name: str


class _Reported(_Scores):
    """What the report at the end of a run reads."""

    cost: _Cost
    throughput: _Speed
    data: str
    steps: int
    per_category: list[_Category] = []
    summary: list[str] = []


def result_text(result: dict[str, Any]) -> str:
    """A result as its file holds it: indented, with each list of numbers in one line."""
    text = json.dumps(result, indent=2)
    return NUMBERS.sub(lambda found: f"[{' '.join(found[0][1:-1].split())}]", text) + "\n"


def read_result(path: Path) -> dict[str, Any] | None:
    """The scores, and whatever else is in the file; None where there is none.

    Raises:
        InputError: the file is damaged; it says what to do.
    """
    if not path.exists():
        return None
    try:
        result = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    _check(result, _Scores, path)
    return dict(result)


def check_reported(result: dict[str, Any], path: Path) -> None:
    """Check that the file's result has all that is reported at the end of a run.

    Raises:
        InputError: a value is missing, or has another type.
    """
    _check(result, _Reported, path)


def _check(result: Any, kind: type[_Part], path: Path) -> None:
    try:
        kind.model_validate(result)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise _damaged(path, f"{place}: {fault['msg']}" if place else "no result") from error


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path} is damaged ({' '.join(reason.split())[:200]}): move it away, and the same command "
        "scores the run's best.ckpt again; or start over with fresh=true"
    )
