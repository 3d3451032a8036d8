"""onnxruntime-web, which runs the models in the page: two files of its npm package.

npm fetches the package once, and the two files are kept in the folder of downloads. They are
compared with their recorded sha512 whenever they are read. A folder given by hand is taken as it
is.
"""

import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backbone.errors import InputError
from backbone.files import write_atomically

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
# The smallest build that runs every model: WebAssembly with SIMD, without WebGPU and WebNN. The
# script has the loader of the WebAssembly inside.
SCRIPT, WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
SHA512: Mapping[str, str] = {
    SCRIPT: (
        "d4a705f0258065eaad4dcbcb80a3ed38c5c86e459e87ef8b0c24290e14390115"
        "711c02f554d2f9aebd0e23e3314db98d200365744fc0feaf8ee2048a81232359"
    ),
    WASM: (
        "1adeded62203219fcf5c484cfce5657aa5875689b490423f86cf1ca1dd1cad77"
        "15f630c6337f41db71ee42794e3a00ce0b7c78939a71220b5d83368bf6ea7730"
    ),
}
INSIDE = ("", "dist", f"{PACKAGE}/dist", f"node_modules/{PACKAGE}/dist")
TIMEOUT = 600  # seconds for npm


@dataclass(frozen=True)
class Runtime:
    """The two files, and the version that the script states."""

    script: bytes
    wasm: bytes
    version: str


def read_runtime(given: Path | None, cache: Path) -> Runtime:
    """The runtime from a folder, or else from the cache, which npm fills once.

    Args:
        given: the package's folder, its `dist`, or one with `node_modules`; None: the cache.
        cache: folder of downloads.

    Raises:
        InputError: the folder lacks the files, there is no npm or it fails, or the files are not
            those that were published.
    """
    if given is not None:
        return _read(_place(given))
    folder = cache / f"{PACKAGE}-{VERSION}"
    if not all((folder / name).is_file() for name in SHA512):
        _fetch(folder)
    for name, published in SHA512.items():
        path = folder / name
        found = hashlib.sha512(path.read_bytes()).hexdigest()
        if found != published:
            raise InputError(
                f"{path} has sha512 {found[:16]}..., and {PACKAGE} {VERSION} was published with "
                f"{published[:16]}...: remove {folder} to fetch it again"
            )
    return _read(folder)


def _read(folder: Path) -> Runtime:
    script = (folder / SCRIPT).read_bytes()
    stated = re.search(rb"ONNX Runtime Web v([\w.-]+)", script[:400])
    # the address of a map for debuggers, which the page does not have
    script = re.sub(rb"\n//# sourceMappingURL=\S+\s*$", b"\n", script)
    version = stated[1].decode() if stated else "of an unknown version"
    return Runtime(script, (folder / WASM).read_bytes(), version)


def _place(given: Path) -> Path:
    for inside in INSIDE:
        folder = given / inside
        if all((folder / name).is_file() for name in SHA512):
            return folder
    raise InputError(
        f"--runtime {given}: neither this folder nor its dist has {' and '.join(SHA512)}; give the "
        f"folder of the npm package {PACKAGE}"
    )


def _fetch(folder: Path) -> None:
    """Have npm fetch the package, and keep its two files in a folder."""
    by_hand = f"unpack the npm package {PACKAGE} {VERSION} and give its folder as --runtime"
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(
            f"the page needs {PACKAGE} {VERSION}, which npm fetches once, and there is no npm: "
            f"install Node.js, or {by_hand}"
        )
    with tempfile.TemporaryDirectory() as scratch:
        command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", scratch]
        try:
            done = subprocess.run(
                command, cwd=scratch, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
            said = done.stderr.strip() or f"exit code {done.returncode}"
        except subprocess.TimeoutExpired:
            said = f"no answer in {TIMEOUT} seconds"
        archives = list(Path(scratch).glob("*.tgz"))
        if not archives:
            raise InputError(
                f"npm cannot fetch {PACKAGE} {VERSION} ({said[-300:]}): try again, or {by_hand}"
            )
        with tarfile.open(archives[0]) as archive:
            for name in SHA512:
                file = archive.extractfile(f"package/dist/{name}")
                assert file is not None
                with write_atomically(folder / name) as partial:
                    partial.write_bytes(file.read())
