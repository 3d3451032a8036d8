"""Where the page's runtime comes from, and what is said where it cannot be had."""

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from backbone.errors import InputError
from tasks.demo import runtime
from tasks.demo.runtime import PACKAGE, SCRIPT, VERSION, WASM, read_runtime

CONTENT = {
    SCRIPT: b"/*!\n * ONNX Runtime Web v9.8.7\n */\ncode()\n//# sourceMappingURL=x.map\n",
    WASM: b"\0asm",
}


@pytest.fixture
def published(monkeypatch) -> None:
    """The two files are taken for those that were published."""
    digests = {name: hashlib.sha512(content).hexdigest() for name, content in CONTENT.items()}
    monkeypatch.setattr(runtime, "SHA512", digests)


def fill(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    return folder


def npm(folder: Path, script: str, monkeypatch) -> None:
    """A program named npm is the only one on the path."""
    folder.mkdir()
    path = folder / "npm"
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.parametrize("inside", runtime.INSIDE)
def test_a_folder_is_taken_as_it_is(tmp_path, inside):
    fill(tmp_path / "package" / inside)
    found = read_runtime(tmp_path / "package", tmp_path / "cache")
    assert (found.version, found.wasm) == ("9.8.7", b"\0asm")
    assert found.script.endswith(b"code()\n")  # without the address for debuggers
    assert not (tmp_path / "cache").exists()


def test_a_folder_without_the_files_is_refused(tmp_path):
    with pytest.raises(InputError, match="neither this folder nor its dist has"):
        read_runtime(tmp_path, tmp_path)


def test_npm_fetches_the_package_once(tmp_path, published, monkeypatch):
    archive = tmp_path / "package.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in CONTENT.items():
            entry = tarfile.TarInfo(f"package/dist/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    # npm pack NAME@VERSION --silent --pack-destination FOLDER
    copy = (
        f'[ "$2" = {PACKAGE}@{VERSION} ] && /bin/cp {archive} "$5/x.tgz"; echo >> {tmp_path}/calls'
    )
    npm(tmp_path / "bin", copy, monkeypatch)
    for _ in range(2):
        assert read_runtime(None, tmp_path / "cache").version == "9.8.7"
    assert (tmp_path / "calls").read_text() == "\n"
    (kept,) = (tmp_path / "cache").iterdir()
    assert {path.name for path in kept.iterdir()} == {SCRIPT, WASM}


def test_a_changed_file_of_the_cache_is_refused(tmp_path, published):
    folder = fill(tmp_path / f"{PACKAGE}-{VERSION}")
    (folder / WASM).write_bytes(b"\0asm!")
    with pytest.raises(InputError, match=r"simd-threaded\.wasm has sha512 .* to fetch it again"):
        read_runtime(None, tmp_path)


def test_without_npm_the_message_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(
        InputError, match=r"there is no npm: install Node\.js, or unpack the npm package"
    ):
        read_runtime(None, tmp_path)


def test_npm_s_own_error_is_passed_on(tmp_path, monkeypatch):
    npm(tmp_path / "bin", "echo 'npm error code ENOTFOUND' >&2; exit 1", monkeypatch)
    with pytest.raises(InputError, match=r"npm cannot fetch .*\(npm error code ENOTFOUND\)"):
        read_runtime(None, tmp_path / "cache")
