"""A Chromium that tests drive, by playwright-core in a node process."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

DRIVER = Path(__file__).with_name("browser.mjs")


class Browser:
    """Sends commands to `browser.mjs`, and waits for each answer."""

    def __init__(self, playwright: Path, chromium: str):
        self.process = subprocess.Popen(
            ["node", str(DRIVER), str(playwright), chromium],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version = self._answer()

    def __call__(self, command: str, **given: Any) -> Any:
        self.process.stdin.write(json.dumps({"command": command, **given}) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the browser's driver has ended")
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def close(self) -> None:
        if self.process.poll() is None:
            self("close")
            self.process.wait(timeout=20)


def node_modules() -> Path:
    """The folder of npm packages that tests use, named by NODE_MODULES; skips without one."""
    folder = Path(os.environ.get("NODE_MODULES", "node_modules"))
    for package in ("playwright-core", "onnxruntime-web"):
        if not (folder / package).is_dir():
            pytest.skip(f"needs npm's {package} in the folder that NODE_MODULES names")
    return folder


def start_browser() -> Browser:
    """A browser; skips where there is none, or nothing to drive it."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    for name, found in (("node", shutil.which("node")), ("Chromium", chromium)):
        if not found:
            pytest.skip(f"needs {name}")
    return Browser((node_modules() / "playwright-core").resolve(), chromium)
