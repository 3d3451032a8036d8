"""Say whether one run scores better than another on the same images:

    python -m tasks.compare RUN_A RUN_B [--json]

Each is the directory of a finished run, or the result.json in it. Both are scored on the same 1,000
resamples of the test set. If 95% of the differences lie on one side of 0, one of the runs is
better. The networks are not run again, and torch is not loaded.
"""

import json
from dataclasses import asdict
from pathlib import Path

from tasks.cli.arguments import command_parser, mistakes_exit
from tasks.runs.comparison import compare_scores, comparison_text, read_scored


def main() -> None:
    """The command line; the exit code is 2 for anything that the user can correct."""
    parser = command_parser("tasks.compare", __doc__)
    parser.add_argument("first", type=Path, metavar="RUN_A", help="a run directory")
    parser.add_argument("second", type=Path, metavar="RUN_B", help="the run to compare it with")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    given = parser.parse_args()
    with mistakes_exit():
        first, second = read_scored(given.first), read_scored(given.second)
        differences = compare_scores(first, second)
        if given.json:
            rows = [asdict(of) | {"change": of.change, "verdict": of.verdict} for of in differences]
            print(json.dumps(rows, indent=2))
        else:
            print(comparison_text(first, second, differences))


if __name__ == "__main__":
    main()
