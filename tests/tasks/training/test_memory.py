"""Kept memory keeps: a freed block is not handed back to the system."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

PROBE = """
import resource, sys, torch
from tasks.training.memory import keep_freed_memory
kept = keep_freed_memory() if sys.argv[1] == "keep" else None
def touch(): return torch.ones(8, 1024, 1024).sum().item()
for _ in range(8): touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10): touch()
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> tuple[str, int]:
    command = [sys.executable, "-c", PROBE, mode]
    kept, count = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100
    ).stdout.split()
    return kept, int(count)


@pytest.mark.slow
def test_freed_blocks_are_reused_without_touching_new_pages():
    kept, count = faults("keep")
    assert kept in ("True", "False")
    if kept == "True":  # glibc
        assert count < faults("default")[1] / 3
