"""The paper's tables beside this suite's results:

    python -m tasks.tables [4-14 ...] [modern] [--runs DIR] [--json | --markdown | --csv]
        [--plot FOLDER] [--per-category]

`modern` prints tables of networks and recipes since the paper, beside their publishers' scores.

Mult-adds and parameters are counted on the network that each row configures. A metric comes from a
finished run with the row's network; if it was not measured on the paper's data set, it is in a
column of its own. For a row without a run, the command that fills it is printed.
"""

import sys
from pathlib import Path

from backbone.errors import InputError
from tasks.cli.arguments import command_parser, mistakes_exit
from tasks.tables.reading import read_tables

RUNS = Path("runs")  # as in conf/config.yaml


def tables(
    wanted: list[str], runs: Path, form: str, folder: Path | None, per_category: bool = False
) -> None:
    """Print tables in a format, and draw them if a folder is given.

    Args:
        per_category: also print the scores by category of each row's run; in CSV, only these.

    Raises:
        InputError: there is no such table, or no such folder of runs.
    """
    chosen = read_tables(wanted)
    if not runs.is_dir() and runs != RUNS:
        raise InputError(f"{runs}: no such folder of runs")
    # torch is imported here, after everything that is quick
    from tasks.tables.categories import (
        categories_as_csv,
        categories_as_json,
        categories_as_markdown,
        categories_as_text,
    )
    from tasks.tables.lines import lines_of
    from tasks.tables.printing import markdown, text
    from tasks.tables.records import as_csv, as_json

    pages = [lines_of(table, runs) for table in chosen]
    rows = [line for page in pages for line in page]
    if form == "json":
        print((categories_as_json if per_category else as_json)(rows))
    elif form == "csv":
        print((categories_as_csv if per_category else as_csv)(rows))
    else:
        printed, by_category = text, categories_as_text
        if form == "markdown":
            printed, by_category = markdown, categories_as_markdown
        texts = [printed(page) + (by_category(page) if per_category else "") for page in pages]
        print("\n".join(texts), end="")
    if folder is not None:
        from tasks.tables.plotting import plot

        for page in pages:
            path = folder / f"table_{page[0].table.number}.png"
            plot(page, path)
            print(f"drawn: {path}", file=sys.stderr)


def main() -> None:
    """The command line; the exit code is 2 for anything that the user can correct."""
    parser = command_parser("tasks.tables", __doc__)
    parser.add_argument(
        "tables",
        nargs="*",
        metavar="TABLE",
        help="such as 10, 4-7 or modern; default: all of the paper's",
    )
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of run directories")
    forms = parser.add_mutually_exclusive_group()
    for form, what in (("json", "JSON"), ("markdown", "Markdown"), ("csv", "CSV")):
        forms.add_argument(
            f"--{form}", dest="form", action="store_const", const=form, help=f"print {what}"
        )
    parser.add_argument(
        "--per-category", action="store_true", help="also print the scores by category of each run"
    )
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="draw table_10.png ... there")
    parser.set_defaults(form="text")
    arguments = parser.parse_args()
    with mistakes_exit():
        tables(
            arguments.tables,
            arguments.runs,
            arguments.form,
            arguments.plot,
            arguments.per_category,
        )


if __name__ == "__main__":
    main()
