"""result.json: the result of a finished run, read and checked."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backbone.errors import InputError
from tasks.runs.plain_files import json_in

# a list of numbers as json.dumps indents it; strings contain no line breaks, so none can match
NUMBERS = re.compile(r"\[\n\s+[-\d.eE+]+(?:,\n\s+[-\d.eE+]+)*\n\s+\]")


class _Part(BaseModel):
    """A part of a result with the types of its values; it may hold more than what is checked."""

    model_config = ConfigDict(strict=True)


class _Paper(_Part):
    """The paper's row beside a run; its cells are strings."""

    data: str
    row: str
    metric: str
    value: float | None
    others: dict[str, float] = {}
    mult_adds: str
    parameters: str


class _Scores(_Part):
    """What every result holds: scores by name, and the units of those that are not shares."""

    metrics: dict[str, float] = Field(min_length=1)
    monitor: str | None = None
    intervals: dict[str, Annotated[list[float], Field(min_length=2, max_length=2)]] = {}
    units: dict[str, str | None] = {}
    lower_is_better: list[str] = []
    baselines: dict[str, dict[str, float]] = {}
    paper: _Paper | None


class _Cost(_Part):
    """The cost of the network for one image."""

    mult_adds: float
    parameters: float


class _Speed(_Part):
    """Images per second; None if nothing was trained."""

    train_images_per_second: float | None
    test_images_per_second: float | None
    device: str
    precision: str


class _Category(_Part):
    """A row of the scores by category; it may hold further numbers and curves."""

    model_config = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: dict[str, float | list[float] | None]

    id: int | str
    name: str


class _Reported(_Scores):
    """The values that the report at the end of a run needs."""

    cost: _Cost
    throughput: _Speed
    data: str
    steps: int
    per_category: list[_Category] = []
    summary: list[str] = []


def result_text(result: dict[str, Any]) -> str:
    """A result as written to its file: indented, with each list of numbers on one line."""
    text = json.dumps(result, indent=2)
    return NUMBERS.sub(lambda found: f"[{' '.join(found[0][1:-1].split())}]", text) + "\n"


def read_result(path: Path) -> dict[str, Any] | None:
    """The content of a result.json; None if there is no such file.

    Raises:
        InputError: the file is damaged; the message says what to do.
    """
    if not path.exists():
        return None
    try:
        result = json_in(path)
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    _check(result, _Scores, path)
    return dict(result)


def check_reported(result: dict[str, Any], path: Path) -> None:
    """Check that a result has all values that the report at the end of a run needs.

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
