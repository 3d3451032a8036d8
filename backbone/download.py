"""Download a file once: resumed after an interruption, checked against its recorded sha256."""

import base64
import fcntl
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from backbone.errors import InputError
from backbone.files import naming_what_was_written, write_atomically

WAITS = (1.0, 3.0)  # seconds before the second and the third attempt
TIMEOUT = 30.0  # seconds without receiving a byte
CHUNK = 1 << 18


class _BrokenOffError(Exception):
    """The connection failed; the part that had arrived is in the partial file."""


class SecureRedirects(HTTPRedirectHandler):
    """Follows redirects, unless they lead away from https: over http, anybody could answer."""

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        """The request to make next.

        Raises:
            InputError: it would lead from https to another kind of address.
        """
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise InputError(
                f"{req.full_url} redirects to {newurl}, which is not https: nothing was downloaded "
                "from there; fetch the file by hand from a source that you trust"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_opener = build_opener(SecureRedirects)


def fetch(
    url: str,
    path: Path,
    begins: bytes,
    sha256: str | None = None,
    option: str = "backbone.weights",
) -> Path:
    """`path`, downloaded from `url` unless it exists.

    `<name>.sha256` beside it records its sha256 in the format of sha256sum. The record is written
    when the file is first complete, and the file is compared with it at every later call. If
    several processes want the file, one downloads it and the others wait.

    Args:
        url: http(s) address.
        path: where to put the file; a missing folder is created.
        begins: the first bytes of every file of this kind.
        sha256: of the file, where its publisher or others have recorded it; None to record that of
            the download, and to say so.
        option: the option in which the user may name a file that was fetched by hand, for messages.

    Raises:
        InputError: the address cannot be reached or has no such file, the server sends something
            else (such as a login page) or breaks off, or the file differs from its recorded sha256.
    """
    with _alone(path), naming_what_was_written(path):
        if sha256 is not None:
            _record(path, sha256)
        if not path.exists():
            _download(url, path, begins, option)
        _check_record(path, path)
    return path


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of a file, so that one process at a time downloads it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f".{path.name}.lock").open("w")
    except OSError as error:
        raise InputError(f"{path.parent} cannot hold downloads: {error}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system releases it if the process dies
        yield


def _download(url: str, path: Path, begins: bytes, option: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    by_hand = f"put the file at {path} by hand, or give the path of one as {option}"
    for wait in (*WAITS, None):
        try:
            md5 = _receive(url, partial, begins)
            break
        except (HTTPError, _BrokenOffError) as error:
            final = isinstance(error, HTTPError) and error.code < 500 and error.code != 429
            if wait is None or final:
                raise InputError(
                    f"{url} cannot be fetched: {error}. Try again (what has arrived is kept), "
                    f"{by_hand}"
                ) from error
            time.sleep(wait)
    if md5 and _digest(partial, "md5") != md5:
        partial.unlink()
        raise InputError(f"{url} arrived damaged (md5): try again, {by_hand}")
    _check_record(path, partial)
    os.replace(partial, path)


def _receive(url: str, partial: Path, begins: bytes) -> str | None:
    """Complete the partial file; returns the md5 in hex that the server declares, if any."""
    have = partial.stat().st_size if partial.exists() else 0
    with _open(url, have, partial) as answer:
        # a server without range requests sends the whole file again
        resumes = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        have = have if resumes else 0
        length = answer.headers["Content-Length"]
        total = None if length is None else have + int(length)
        chunks = _chunks(answer)
        chunk = next(chunks, b"")
        whole_head = len(chunk) >= len(begins) or total in (None, len(chunk))
        if not resumes and whole_head and not chunk.startswith(begins):
            raise InputError(
                f"{url} sends something else ({answer.headers['Content-Type']}): it begins with "
                f"{chunk[:48]!r}, not with {begins!r}. Is there a login page or a proxy in between?"
            )
        with _Progress(url, total) as progress, partial.open("ab" if resumes else "wb") as file:
            while chunk:
                file.write(chunk)
                have += len(chunk)
                progress.show(have)
                chunk = next(chunks, b"")
    if total is not None and have < total:
        with partial.open("rb") as file:
            head = file.read(16)
        raise _BrokenOffError(
            f"it broke off after {have} of {total} bytes (the file begins with {head!r})"
        )
    return _declared_md5(answer.headers.get_all("x-goog-hash") or [])


def _open(url: str, have: int, partial: Path) -> HTTPResponse:
    # identity, because a compressed body would have another length and could not be resumed
    headers = {"User-Agent": "mobilenet-suite", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        answer: HTTPResponse = _opener.open(Request(url, headers=headers), timeout=TIMEOUT)
        return answer
    except HTTPError as error:
        if error.code != 416:
            raise
        partial.unlink()  # longer than the file on the server, so it is part of another file
        raise _BrokenOffError(f"{error}; the partial file is removed") from error
    except (OSError, HTTPException) as error:
        raise _BrokenOffError(str(error)) from error


def _chunks(answer: HTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := answer.read(CHUNK):
            yield chunk
    except (OSError, HTTPException) as error:
        raise _BrokenOffError(f"it broke off ({error})") from error


def _declared_md5(hashes: list[str]) -> str | None:
    """Google Storage's md5 of the whole object, in hex."""
    found = re.search(r"md5=([^,\s]+)", ",".join(hashes))
    return base64.b64decode(found[1]).hex() if found else None


def _check_record(path: Path, content: Path) -> None:
    """Compare a file with the sha256 recorded for `path`; without a record, write one."""
    record = path.with_name(f"{path.name}.sha256")
    found = _digest(content, "sha256")
    if not record.exists():
        _record(path, found)
        return
    recorded = record.read_text().split()[:1]
    if recorded != [found]:
        if content != path:
            content.unlink()
        raise InputError(
            f"{path} has sha256 {found}, but {record.name} beside it records "
            f"{''.join(recorded) or 'none'}: it is not the file that was first fetched. Delete it "
            f"to fetch it again, and {record.name} too if you mean to use the new file"
        )


def _record(path: Path, sha256: str) -> None:
    """Record the sha256 that a file has or should have, unless there is a record."""
    record = path.with_name(f"{path.name}.sha256")
    if not record.exists():
        with write_atomically(record) as partial:
            partial.write_text(f"{sha256}  {path.name}\n")


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


class _Progress:
    """One line on stderr about the download; on a terminal it is updated as bytes arrive."""

    def __init__(self, url: str, total: int | None):
        self.name = url.rpartition("/")[2]
        self.total = "" if total is None else f" of {total / 1e6:.1f}"
        self.live, self.due, self.have = sys.stderr.isatty(), 0.0, 0
        if not self.live:
            size = "" if total is None else f" ({total / 1e6:.1f} MB)"
            print(f"fetching {url}{size}", file=sys.stderr, flush=True)

    def show(self, have: int) -> None:
        """Report how many bytes have arrived."""
        self.have = have
        if self.live and time.monotonic() >= self.due:
            self._print("")
            self.due = time.monotonic() + 0.1

    def _print(self, end: str) -> None:
        line = f"\r{self.name}: {self.have / 1e6:.1f}{self.total} MB"
        print(line, end=end, file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.live:
            self._print("\n")
