import base64
import hashlib
import re
import resource
import threading
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request

import pytest

from backbone import download
from backbone.errors import InputError

MAGIC = b"\x89HDF\r\n\x1a\n"
BODY = MAGIC + bytes(range(256)) * 4000


class Server(ThreadingHTTPServer):
    """Serves one file and records the ranges it was asked for; None for the whole file."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.body, self.status, self.headers = BODY, 200, {}
        self.knows_ranges = True
        self.cuts: list[int] = []  # bytes after which the next answers break off
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/weights.h5"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        wanted = self.headers["Range"]
        server.asked.append(wanted)
        body, status = server.body, server.status
        if wanted and server.knows_ranges and status == 200:
            first = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            status = 206 if first < len(body) else 416
            body = body[first:]
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{first + len(body) - 1}/{len(BODY)}")
        self.send_header("Content-Length", str(len(body)))
        for name, value in server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: server.cuts.pop(0)] if server.cuts else body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "WAITS", (0.0, 0.0))
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def names(folder):
    """The files in a folder, but for the lock."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_file_is_fetched_once_and_its_sha256_recorded(server, tmp_path, capsys):
    path = tmp_path / "new folder/weights.h5"
    assert download.fetch(server.url, path, MAGIC) == path
    assert path.read_bytes() == BODY
    assert names(path.parent) == ["weights.h5", "weights.h5.sha256"]
    record = path.with_name("weights.h5.sha256").read_text()
    assert record == f"{hashlib.sha256(BODY).hexdigest()}  weights.h5\n"
    assert capsys.readouterr().err == f"fetching {server.url} (1.0 MB)\n"

    download.fetch(server.url, path, MAGIC)
    assert server.asked == [None]
    assert capsys.readouterr().err == ""


def test_a_cut_download_goes_on_where_it_was_cut(server, tmp_path):
    server.cuts = [400_000, 300_000]
    path = download.fetch(server.url, tmp_path / "weights.h5", MAGIC)
    assert path.read_bytes() == BODY
    assert server.asked == [None, "bytes=400000-", "bytes=700000-"]


def test_a_full_disk_is_named_and_what_has_arrived_is_kept(server, tmp_path):
    path, before = tmp_path / "weights.h5", resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    try:
        with pytest.raises(InputError, match=r"cannot write .*weights\.h5 \(file too large"):
            download.fetch(server.url, path, MAGIC)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(tmp_path) == [".weights.h5.partial"]
    assert download.fetch(server.url, path, MAGIC).read_bytes() == BODY
    assert server.asked == [None, "bytes=500000-"]


def test_a_later_run_goes_on_too(server, tmp_path):
    server.cuts = [100_000] * 3
    with pytest.raises(InputError) as error:
        download.fetch(server.url, tmp_path / "weights.h5", MAGIC)
    assert f"broke off after 300000 of {len(BODY)} bytes" in str(error.value)
    assert repr(BODY[:16]) in str(error.value)
    assert names(tmp_path) == [".weights.h5.partial"]

    path = download.fetch(server.url, tmp_path / "weights.h5", MAGIC)
    assert path.read_bytes() == BODY
    assert server.asked[-1] == "bytes=300000-"
    assert names(tmp_path) == ["weights.h5", "weights.h5.sha256"]


def test_a_server_without_ranges_starts_over(server, tmp_path):
    server.knows_ranges, server.cuts = False, [400_000]
    path = download.fetch(server.url, tmp_path / "weights.h5", MAGIC)
    assert path.read_bytes() == BODY
    assert server.asked == [None, "bytes=400000-"]


def test_a_partial_file_longer_than_the_file_is_thrown_away(server, tmp_path):
    (tmp_path / ".weights.h5.partial").write_bytes(BODY + b"more")
    path = download.fetch(server.url, tmp_path / "weights.h5", MAGIC)
    assert path.read_bytes() == BODY
    assert server.asked == [f"bytes={len(BODY) + 4}-", None]


def test_the_md5_that_the_server_declares_is_checked(server, tmp_path):
    md5 = base64.b64encode(hashlib.md5(BODY).digest()).decode()
    server.headers = {"x-goog-hash": f"crc32c=AAAAAA==,md5={md5}"}
    (tmp_path / ".weights.h5.partial").write_bytes(MAGIC + b"of another version")
    with pytest.raises(InputError, match="arrived damaged"):
        download.fetch(server.url, tmp_path / "weights.h5", MAGIC)
    assert names(tmp_path) == []
    assert download.fetch(server.url, tmp_path / "weights.h5", MAGIC).read_bytes() == BODY


@pytest.mark.parametrize("partial", [b"", BODY[:1000]], ids=["at first", "while resuming"])
def test_a_page_instead_of_the_file_is_refused(server, tmp_path, partial):
    server.body = b"<!DOCTYPE html><html>Please log in to this network</html>"
    server.headers = {"Content-Type": "text/html"}
    server.knows_ranges = False
    if partial:
        (tmp_path / ".weights.h5.partial").write_bytes(partial)
    with pytest.raises(InputError, match=r"text/html.*begins with b'<!DOCTYPE html><html>Please"):
        download.fetch(server.url, tmp_path / "weights.h5", MAGIC)
    assert len(server.asked) == 1
    assert names(tmp_path) == ([".weights.h5.partial"] if partial else [])
    if partial:
        assert (tmp_path / ".weights.h5.partial").read_bytes() == partial


@pytest.mark.parametrize(("status", "attempts"), [(404, 1), (403, 1), (503, 3)])
def test_an_address_without_the_file(server, tmp_path, status, attempts):
    server.status = status
    with pytest.raises(InputError, match=f"{server.url} cannot be fetched: HTTP Error {status}"):
        download.fetch(server.url, tmp_path / "weights.h5", MAGIC)
    assert len(server.asked) == attempts


def test_without_a_network_the_message_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "WAITS", (0.0, 0.0))
    path = tmp_path / "weights.h5"
    with pytest.raises(InputError) as error:
        download.fetch("http://127.0.0.1:9/weights.h5", path, MAGIC)  # the discard port
    message = str(error.value)
    assert "http://127.0.0.1:9/weights.h5 cannot be fetched" in message
    assert "refused" in message
    assert f"put the file at {path} by hand" in message
    assert "backbone.weights" in message


def test_a_file_put_there_by_hand_is_taken(tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(BODY)
    assert download.fetch("http://127.0.0.1:9/weights.h5", path, MAGIC) == path
    assert names(tmp_path) == ["weights.h5", "weights.h5.sha256"]


def test_a_file_that_changed_is_refused(server, tmp_path):
    path = download.fetch(server.url, tmp_path / "weights.h5", MAGIC)
    changed = bytearray(BODY)
    changed[-1] ^= 1
    path.write_bytes(changed)
    with pytest.raises(InputError) as error:
        download.fetch(server.url, path, MAGIC)
    message = str(error.value)
    assert f"{path} has sha256 {hashlib.sha256(changed).hexdigest()}" in message
    assert hashlib.sha256(BODY).hexdigest() in message
    assert "Delete it" in message

    # the record outlives the file: what comes instead must be what was first fetched
    path.unlink()
    server.body = bytes(changed)
    with pytest.raises(InputError, match="is not the file that was first fetched"):
        download.fetch(server.url, path, MAGIC)
    assert names(tmp_path) == ["weights.h5.sha256"]
    server.body = BODY
    assert download.fetch(server.url, path, MAGIC).read_bytes() == BODY


def test_many_at_once_fetch_it_once(server, tmp_path):
    problems = []

    def fetch():
        try:
            download.fetch(server.url, tmp_path / "weights.h5", MAGIC)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert server.asked == [None]
    assert (tmp_path / "weights.h5").read_bytes() == BODY


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot hold downloads"):
        download.fetch("http://127.0.0.1:9/weights.h5", tmp_path / "file/weights.h5", MAGIC)


@pytest.mark.parametrize(
    ("start", "to", "followed"),
    [
        ("https://a.example/x", "https://b.example/x", True),
        ("https://a.example/x", "http://b.example/x", False),
        ("https://a.example/x", "ftp://b.example/x", False),
        ("http://127.0.0.1/x", "http://127.0.0.1/y", True),
    ],
)
def test_no_redirect_leaves_https(start, to, followed):
    handler = download.SecureRedirects()
    asked = (Request(start), None, 302, "Found", Message(), to)
    if followed:
        assert handler.redirect_request(*asked).full_url == to
    else:
        with pytest.raises(InputError, match="not https"):
            handler.redirect_request(*asked)
