"""The tables in conf/table/: one file per table, with published cells and each row's overrides.

The paper's tables have numbers. Other tables, of networks and recipes since, have names.
"""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

import conf
from backbone.errors import InputError

FOLDER = Path(conf.__file__).parent / "table"
COMMAND = "python -m tasks.run"


@dataclass(frozen=True)
class Printed:
    """A row's cells as printed in the paper: the metric in percent, and costs such as `569M`."""

    metric: float | None
    mult_adds: str | None
    parameters: str | None


@dataclass(frozen=True)
class PaperData:
    """The data set on which a table's metrics were measured.

    Args:
        name: of the configuration that reads it, `data=NAME`.
        images: number of images that are scored.
        words: its usual name.
    """

    name: str
    images: int
    words: str


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Args:
        name: as in the paper.
        paper: its cells.
        metric: the metric's name in a run's result.
        overrides: configure the row's network and training, including the table's own overrides;
            None for a network that this suite does not have.
        command: fills the row on the paper's data; None if there are no overrides.
        peer: whether the paper only compares with this network; the table's sweep omits it.
        network, size: how a network without overrides is built, and the side of its input in
            pixels; None if it is not public.
        note: a footnote.
    """

    name: str
    paper: Printed
    metric: str
    overrides: tuple[str, ...] | None
    command: str | None
    peer: bool
    network: dict[str, Any] | None
    size: int | None
    note: str | None


@dataclass(frozen=True)
class Table:
    """A table of the paper (arXiv 1704.04861), or of networks since.

    Args:
        number, title: of the table; a table that is not the paper's has a name instead of a number.
        metric: the metric's name in a run's result; rows may have their own.
        body: whether costs are those of the trunk alone.
        outputs: number of outputs of the networks that are counted; None if only the body is.
        data: the data that the metrics were measured on; None if they are private.
        real_data: overrides that name the real data set on a command line.
        note: a footnote to all rows.
        rows: in the paper's order.
        beside: the heading of the published cells.
    """

    number: int | str
    title: str
    metric: str
    body: bool
    outputs: int | None
    data: PaperData | None
    real_data: tuple[str, ...]
    note: str | None
    rows: tuple[Row, ...]
    beside: str = "paper"

    @property
    def sweep(self) -> str:
        """The command that trains and scores all rows whose networks are in this suite."""
        return shlex.join([*COMMAND.split(), f"+table={self.number}", *self.real_data])


def read_table(path: Path) -> Table:
    """The table in a file."""
    table: dict[str, Any] = OmegaConf.to_container(OmegaConf.load(path).table)  # type: ignore[assignment]
    data = table["data"]
    return Table(
        number=table["number"],
        title=table["title"],
        metric=table["metric"],
        body={"body": True, "network": False}[table["counted"]],
        outputs=table["outputs"],
        data=None if data is None else PaperData(**data),
        real_data=tuple(table["real_data"]),
        note=table.get("note"),
        rows=tuple(read_row(row, table) for row in table["rows"]),
        beside=table.get("beside", "paper"),
    )


def read_row(row: dict[str, Any], table: dict[str, Any]) -> Row:
    """A row as in a table's file."""
    overrides = row["overrides"]
    if overrides is not None:
        overrides = (*table["overrides"], *overrides)
    return Row(
        name=row["row"],
        paper=Printed(**row["paper"]),
        metric=row.get("metric", table["metric"]),
        overrides=overrides,
        command=overrides and shlex.join([*COMMAND.split(), *overrides, *table["real_data"]]),
        peer=row.get("peer", False),
        network=row.get("network"),
        size=row.get("size"),
        note=row["note"],
    )


def read_tables(wanted: list[str]) -> list[Table]:
    """The tables of these numbers, ranges and words, such as `10`, `4-7` and `modern`.

    A word stands for all tables whose names begin with it. The paper's tables come first, in its
    order. Without arguments, these are all tables.

    Raises:
        InputError: there is no such table.
    """
    stems = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    known = sorted(int(stem) for stem in stems if stem.isdecimal())
    names = [stem for stem in stems if not stem.isdecimal()]
    words = [text for text in wanted if any(name.startswith(text) for name in names) and text]
    numbers = {number for text in wanted if text not in words for number in numbers_of(text)}
    unknown = sorted(numbers.difference(known))
    if unknown:
        raise InputError(
            f"there is no table {unknown[0]}: the tables are {known[0]} to {known[-1]}, such as 10 "
            "or 4-7, and modern"
        )
    chosen = [str(number) for number in sorted(numbers if wanted else known)]
    chosen += [name for name in names if name.startswith(tuple(words))] if words else []
    return [read_table(FOLDER / f"{stem}.yaml") for stem in chosen]


def numbers_of(text: str) -> range:
    """The table numbers that one argument stands for."""
    first, dash, last = text.partition("-")
    if not (first.isdecimal() and (last.isdecimal() if dash else True)):
        raise InputError(
            f"{text!r} is not a table: give a number such as 10, a range such as 4-7, or modern "
            "for networks since the paper"
        )
    numbers = range(int(first), int(last or first) + 1)
    if not numbers:
        raise InputError(f"the range of tables {text} is empty: did you mean {last}-{first}?")
    return numbers
