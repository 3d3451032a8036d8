"""Images named on a command line, and outputs that must not replace them."""

import os
import socket
from itertools import permutations
from pathlib import Path

import pytest

from backbone.errors import InputError
from tasks.images.inputs import (
    distinct_names,
    named_images,
    refuse_overwriting,
    require_file,
)


@pytest.fixture
def folder(tmp_path) -> Path:
    root = tmp_path / "photos"
    for name in ("b.jpg", "a/deep/c.PNG", "notes.txt", "more.txt", "raw.cr2", "README", ".x.jpg"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_folders_are_searched_and_what_is_skipped_is_counted(folder):
    paths, lines = named_images([folder / "notes.txt", folder])
    # a file that is named is taken whatever its suffix says
    assert paths == [folder / "notes.txt", folder / "a/deep/c.PNG", folder / "b.jpg"]
    assert len(lines) == 1
    head, _, counts = lines[0].partition(": skipped ")
    assert head == str(folder)
    assert sorted(counts.split(", ")) == ["1 .cr2", "1 without a suffix", "2 .txt"]


def test_kinds_beyond_the_fifth_are_summed_up(folder):
    for suffix in "stuvwx":
        (folder / f"file.{suffix}").touch()
    _, (line,) = named_images([folder])
    assert line.endswith("others")
    assert sum(int(word) for word in line.split() if word.isdigit()) == 10


def test_nothing_skipped_says_nothing(folder):
    assert named_images([folder / "a"]) == ([folder / "a/deep/c.PNG"], [])


def test_earlier_answers_in_the_folder_are_no_images_of_it(folder, monkeypatch):
    output = folder / "answers"
    output.mkdir()
    (output / "b.jpg").touch()
    monkeypatch.chdir(folder)
    for given in (folder, Path(".")):
        paths, (line,) = named_images([given], Path("answers"))
        assert paths == [given / "a/deep/c.PNG", given / "b.jpg"]
        assert "1 in answers, where answers are written" in line
    assert named_images([output], output) == ([output / "b.jpg"], [])


def test_a_folder_without_images_says_what_it_holds(tmp_path):
    with pytest.raises(InputError, match=r"no image in this folder or its subfolders$"):
        named_images([tmp_path])
    (tmp_path / "list.csv").touch()
    with pytest.raises(InputError, match=r"no image .*, only 1 \.csv$"):
        named_images([tmp_path])


def test_what_cannot_be_opened_as_a_file_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path may not be long
    os.mkfifo("fifo.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        for name, kind in (
            ("fifo.jpg", "a pipe"),
            ("socket.jpg", "a socket"),
            ("/dev/null", "a device"),
            (".", "a folder"),
        ):
            with pytest.raises(InputError, match=f"{name} is {kind}.*, not a file"):
                require_file(Path(name))
    with pytest.raises(InputError, match=r"gone\.jpg: No such file"):
        require_file(Path("gone.jpg"))
    with pytest.raises(InputError, match="not a path"):
        require_file(Path("null\0.jpg"))
    Path("good.jpg").touch()
    require_file(Path("good.jpg"))


@pytest.mark.parametrize("url", ["https://example.org/x.jpg", "s3://bucket/x.jpg", "file:///x.jpg"])
def test_an_address_is_to_be_downloaded(url):
    with pytest.raises(InputError, match="is a web address: download it"):
        require_file(Path(url))


def test_names_are_distinct_in_any_order():
    paths = [Path("x-2.jpg"), Path("x.jpg"), Path("sub/x.jpg"), Path("X.png"), Path("y.gif")]
    for order in permutations(paths):
        names = distinct_names(order, ".jpg")
        assert len({name.casefold() for name in names}) == len(paths)
        by_path = dict(zip(order, names, strict=True))
        assert by_path[Path("x-2.jpg")] == "x-2.jpg"
        assert by_path[Path("y.gif")] == "y.jpg"


def test_an_output_never_replaces_an_input(folder):
    image = folder / "b.jpg"
    (folder / "link.jpg").symlink_to(image)
    os.link(image, folder / "twin.jpg")
    for output in (image, folder / "a" / ".." / "b.jpg", folder / "link.jpg", folder / "twin.jpg"):
        with pytest.raises(InputError, match=r"would replace .*choose another --output"):
            refuse_overwriting([folder / "new.jpg", output], [folder / "gone.jpg", image])
    refuse_overwriting([folder / "new.jpg", folder / "raw.cr2"], [folder / "gone.jpg", image])


def test_patterns_name_what_they_match(folder):
    (folder / "clip.MP4").touch()
    paths, lines = named_images([folder / "*"])
    assert paths == [folder / "b.jpg", folder / "clip.MP4", folder / "a/deep/c.PNG"]
    assert lines == [f"{folder / '*'}: skipped 2 .txt, 1 without a suffix, 1 .cr2"]
    assert named_images([folder / "**/*.[jP][pN]*"])[0] == [
        folder / "a/deep/c.PNG",
        folder / "b.jpg",
    ]


def test_a_file_with_a_patterns_signs_is_itself(folder):
    odd = folder / "b[1]*.jpg"
    odd.touch()
    assert named_images([odd]) == ([odd], [])
    web = Path("https://example.org/cat.jpg?size=*")
    assert named_images([web]) == ([web], [])


def test_a_pattern_without_a_match_is_named(folder):
    with pytest.raises(InputError, match=r"matches this pattern, only 2 \.txt"):
        named_images([folder / "*.txt"])
    with pytest.raises(InputError, match=r"matches this pattern$"):
        named_images([folder / "*.webp"])


def test_names_longer_than_any_files(tmp_path):
    long = tmp_path / ("x" * 400 + ".jpg")
    assert named_images([long])[0] == [long]
    with pytest.raises(InputError, match="File name too long"):
        require_file(long)
    # as long as a name may be: its picture and the temporary file beside that have room
    paths = [tmp_path / ("\u00e9" * 120 + f"{end}.jpeg") for end in ("a", "b")]
    names = distinct_names(paths, ".jpg")
    assert len({*names}) == 2
    assert all(len(name.encode()) <= 210 for name in names)
