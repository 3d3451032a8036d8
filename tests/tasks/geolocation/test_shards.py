import gzip
import json
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from backbone.errors import InputError
from tasks.geolocation.shards import (
    DUPLICATE,
    MemberError,
    Shards,
    find_shards,
    member,
    position,
    samples,
)
from tests.tasks.geolocation.conftest import add_member, picture, write_shards


def keys(url):
    return [sample["__key__"] for sample in samples(url, Counter())]


@pytest.fixture
def shard(tmp_path):
    (url,) = write_shards(tmp_path, [4])
    return url


def test_a_pattern_names_shards(tmp_path):
    urls = write_shards(tmp_path, [1] * 12)
    assert find_shards(tmp_path, "train-{000..011}.tar") == urls
    assert find_shards(tmp_path, "train-{003,005}.tar") == [urls[3], urls[5]]
    assert find_shards(tmp_path, "pipe:cat {a,b}.tar") == ["pipe:cat a.tar", "pipe:cat b.tar"]
    said = r"train-012.tar: there is no such shard \(2 of the 14 .* missing\)"
    with pytest.raises(InputError, match=said):
        find_shards(tmp_path, "train-{000..013}.tar")


@pytest.mark.parametrize(
    "numbers", ["{0..99999999}", "{0..9999}{0..9999}", "{1..1" + "0" * 99 + "}"]
)
def test_more_shards_than_memory_holds(tmp_path, numbers):
    with pytest.raises(InputError, match="more than 1,000,000 shards"):
        find_shards(tmp_path, f"a-{numbers}.tar")


def test_a_pattern_of_the_shell_is_no_pattern_of_shards(tmp_path):
    with pytest.raises(InputError, match=r"name the shards with braces, such as"):
        find_shards(tmp_path, "a-*.tar")


def test_urls_of_an_unknown_kind_are_refused(tmp_path):
    assert find_shards(tmp_path, "https://x/{a,b}.tar") == ["https://x/a.tar", "https://x/b.tar"]
    with pytest.raises(
        InputError, match=r"URLs with s3: cannot be read; known are http, https, .*pipe"
    ):
        find_shards(tmp_path, "s3://bucket/{a,b}.tar")
    with pytest.raises(InputError, match=r"data.train=train-\{000: a brace is not closed"):
        find_shards(tmp_path, "train-{000")


@pytest.mark.parametrize("name", ["pipe:touch ran;", "https:", "file:", "a b%20'c"])
def test_a_folder_of_any_name_is_a_folder(tmp_path, monkeypatch, name):
    """Only the pattern may be a command or a URL."""
    monkeypatch.chdir(tmp_path)
    write_shards(tmp_path / name, [2])
    (url,) = find_shards(Path(name), "train-000.tar")
    assert keys(url) == ["0000", "0001"]
    with pytest.raises(InputError, match="no such shard"):
        find_shards(Path(name), "train-001.tar")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_names_in_a_shard_are_never_opened(tmp_path):
    """Neither as commands nor as paths."""
    ran = tmp_path / "ran"
    url = tmp_path / "a.tar"
    place = json.dumps({"latitude": 1, "longitude": 2, "url": f"pipe:touch {ran}"}).encode()
    with tarfile.open(url, "w") as archive:
        for key in (f"pipe:touch {ran};", "../../x", f"{ran}", "https://nowhere.invalid/x"):
            add_member(archive, f"{key}.json", place)
            add_member(archive, f"{key}.jpg", picture((1, 2, 3)))
    assert len(keys(str(url))) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]


def test_members_are_grouped_by_key(shard):
    assert keys(shard) == ["0000", "0001", "0002", "0003"]
    assert keys(f"pipe:cat {shard}") == keys(shard)
    sample = next(samples(shard, Counter()))
    found = member(sample, shard, 7, 0)
    assert (found.shard, found.number, found.name) == (7, 0, f"{shard}: 0000")
    assert (found.latitude, found.longitude) == (48.9, 2.4)
    assert found.image.startswith(b"\xff\xd8")


def test_coordinates_of_all_shards(tmp_path):
    urls = write_shards(tmp_path, [3, 2])
    (chunk,) = Shards(urls, None, 10).coordinates()
    assert chunk.latitude.tolist() == [48.9, -33.9, 40.7, -1.3 + 1e-3, 64.1 + 1e-3]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"{}", "no position"),
        (b'{"latitude": 1}', "no position"),
        (b'{"latitude": null, "longitude": 2}', "no position"),
        (b'{"latitude": "north", "longitude": 2}', "no position"),
        (b"[1, 2]", "no position"),
        (b"[" * 100_000, "no position"),
        (b'{"latitude": 1%s, "longitude": 2}' % (b"0" * 400), "no position"),
        (b"{", "no position"),
        (b"\xff", "no position"),
        (b'{"latitude": 91, "longitude": 2}', "position out of range"),
        (b'{"latitude": 1, "longitude": 181}', "position out of range"),
        (b'{"latitude": NaN, "longitude": 2}', "position out of range"),
    ],
)
def test_json_without_a_position(said, reason):
    with pytest.raises(MemberError) as caught:
        position({"__key__": "a", "json": said})
    assert caught.value.reason == reason


def test_other_names_and_no_members():
    sample = {"__key__": "a", "json": json.dumps({"LAT": "1.5", "Lon": 2}).encode()}
    assert position(sample) == (1.5, 2)
    with pytest.raises(MemberError, match="a: no image"):
        member(sample, "x.tar", 0, 0)
    with pytest.raises(MemberError, match="a: no position"):
        position({"__key__": "a", "jpg": b""})


def test_a_member_named_twice_is_counted(tmp_path):
    url = tmp_path / "a.tar"
    with tarfile.open(url, "w") as archive:
        for _ in range(2):
            add_member(archive, "1.json", b"{}")
        add_member(archive, "2.jpg", picture((1, 2, 3)))
    broken = Counter()
    assert [s["__key__"] for s in samples(str(url), broken)] == ["1", "2"]
    assert broken == {DUPLICATE: 1}


def cut(url, size):
    with open(url, "r+b") as file:
        file.truncate(size)


def boundary(url, number):
    """Where the header of a member begins."""
    with tarfile.open(url) as archive:
        return archive.getmembers()[number].offset


@pytest.mark.parametrize("where", ["between members", "in a header", "in a member", "no end mark"])
def test_a_shard_that_ends_early(shard, where):
    """`tarfile`, and so webdataset, notices one of the four."""
    assert len(keys(shard)) == 4
    at = boundary(shard, 4)
    with tarfile.open(shard) as archive:
        end = archive.getmembers()[-1]
    last = end.offset_data + -(-end.size // 512) * 512
    size = {"between members": at, "in a header": at + 100, "in a member": at + 700}.get(
        where, last
    )
    cut(shard, size)
    for url in (shard, f"pipe:cat {shard}"):
        with pytest.raises(InputError, match=f"^{url}: the shard ends early"):
            keys(url)
    with pytest.raises(InputError, match=f"^{shard}: the shard ends early"):
        find_shards(Path(shard).parent, Path(shard).name)


@pytest.mark.parametrize("number", [2, 10, -2, -1])
@pytest.mark.parametrize("size", [4, 40])
def test_a_shard_damaged_in_the_middle(tmp_path, size, number):
    (url,) = write_shards(tmp_path, [size])
    at = boundary(url, number if number < 2 * size else 5)
    with open(url, "r+b") as file:
        file.seek(at + 100)
        file.write(b"\x01" * 200)
    assert find_shards(tmp_path, "train-000.tar") == [url]  # both ends are intact
    with pytest.raises(InputError, match=f"damaged in the middle: no member begins at byte {at:,}"):
        keys(url)


def test_an_archive_behind_another_is_not_passed_over(shard, tmp_path):
    content = Path(shard).read_bytes()
    (tmp_path / "two.tar").write_bytes(content + content)
    with pytest.raises(InputError, match=r"continues at byte .* after its end mark"):
        keys(str(tmp_path / "two.tar"))


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_members_of_every_kind_are_followed(tmp_path, form):
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=form) as archive:
        folder = tarfile.TarInfo("folder")
        folder.type, folder.size = tarfile.DIRTYPE, 0
        archive.addfile(folder)
        link = tarfile.TarInfo("folder/link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "1.jpg"
        archive.addfile(link)
        long = "ü" * 120 if form != tarfile.USTAR_FORMAT else "u" * 90
        for key in ("1", long):
            add_member(archive, f"{key}.jpg", picture((1, 2, 3)))
            add_member(archive, f"{key}.json", b"{}")
    assert keys(str(path)) == ["1", long]


def test_files_that_are_not_shards(tmp_path, shard):
    with open(shard, "rb") as file:
        (tmp_path / "b.tar").write_bytes(gzip.compress(file.read()))
    with pytest.raises(InputError, match="not an uncompressed tar archive"):
        find_shards(tmp_path, "b.tar")
    assert keys(f"pipe:gzip -dc {tmp_path}/b.tar") == keys(shard)
    (tmp_path / "c.tar").write_bytes(b"")
    with pytest.raises(InputError, match=r"ends early \(0 bytes"):
        find_shards(tmp_path, "c.tar")
    with pytest.raises(InputError, match="cannot be read"):
        keys(str(tmp_path / "d.tar"))
    with pytest.raises(InputError, match="ends early or is damaged"):
        keys("pipe:true")
