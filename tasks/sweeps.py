"""Print the runs of a folder side by side, best first:

    python -m tasks.sweeps DIR [--json]

DIR contains run directories, or folders of them, such as runs/ or runs/ssd_coco. Each task gets a
table with the options in which its runs differ, and then a list of the runs that failed, and why.
"""

import json
from pathlib import Path

from tasks.cli.arguments import command_parser, mistakes_exit
from tasks.runs.sweeps import runs_below, sweep_records, sweep_table


def main() -> None:
    """The command line; the exit code is 2 for anything that the user can correct."""
    parser = command_parser("tasks.sweeps", __doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder of run directories")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    given = parser.parse_args()
    with mistakes_exit():
        runs = runs_below(given.folder)
        if given.json:
            print(json.dumps(sweep_records(runs), indent=2))
            return
        tasks = dict.fromkeys(run.task for run in runs)
        tables = (sweep_table([run for run in runs if run.task == task]) for task in tasks)
        print("\n\n".join(tables))


if __name__ == "__main__":
    main()
