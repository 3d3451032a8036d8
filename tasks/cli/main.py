"""The console script: mobilenet-suite COMMAND ... runs python -m tasks.COMMAND ....

It works in any folder: a conf/, a tasks.py or a backbone/ there is not imported.
"""

import os
import runpy
import sys

COMMANDS = {
    "run": ("tasks.run", "train and score a task"),
    "predict": ("tasks.predict", "answer for images and videos with a trained model"),
    "export": ("tasks.export", "write a trained model for another runtime, and check it"),
    "join": ("tasks.join", "join heads on one trunk into one network"),
    "tables": ("tasks.tables", "print the paper's tables with this suite's numbers beside them"),
    "compare": ("tasks.compare", "say whether one run scores better than another"),
    "sweeps": ("tasks.sweeps", "print the runs of a folder side by side, best first"),
    "teacher": ("tasks.teacher", "write a trained network's outputs to a file for students"),
    "bench": ("tasks.bench", "measure speed beside another library's"),
    "demo": ("tasks.demo", "write a web page that runs models"),
    "verify": ("tasks.faces.verify", "score face embeddings by LFW's protocol"),
    "unpack": ("tasks.faces.unpack", "unpack a mirror of CelebA"),
    "cells": ("tasks.geolocation.cells", "partition the Earth by a list of coordinates"),
    "audit": (
        "tasks.detection.coco.audit",
        "copy a COCO annotation file without its unreadable images",
    ),
}


def usage() -> str:
    """The commands, one per line."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(["usage: mobilenet-suite COMMAND ...", "", *lines])


def main() -> None:
    """Run the command that the first argument names; exit with 2 if there is no such command."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("-h", "--help"):
        print(usage())
        return
    if name not in COMMANDS:
        print(f"error: there is no command {name!r}\n{usage()}", file=sys.stderr)
        sys.exit(2)
    module, _ = COMMANDS[name]
    # the processes that a command starts must not import from the folder it was called from, either
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    sys.argv = [sys.argv[0], *sys.argv[2:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
