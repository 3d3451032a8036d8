"""The runs of a folder side by side, best first:

    python -m tasks.sweeps DIR [--json]

DIR holds run directories, or folders of them, such as runs/ or runs/ssd_coco. There is a table for
each task, with the options in which its runs differ, then those that failed, and why.
"""

import argparse
import json
import sys
from pathlib import Path

from backbone.errors import InputError
from tasks.runs.sweeps import runs_below, sweep_records, sweep_table


def main() -> None:
    """The command line; exit code 2 for anything that the user can correct."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks.sweeps",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder of run directories")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    given = parser.parse_args()
    try:
        runs = runs_below(given.folder)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if given.json:
        print(json.dumps(sweep_records(runs), indent=2))
        return
    tasks = dict.fromkeys(run.task for run in runs)
    print("\n\n".join(sweep_table([run for run in runs if run.task == task]) for task in tasks))


if __name__ == "__main__":
    main()
