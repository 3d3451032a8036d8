import os

import pytest

from backbone.errors import InputError
from tasks.data.folders import subfolders
from tasks.images.listing import (
    absent,
    files_below,
    image_files,
    images_below,
    with_slashes,
)


@pytest.fixture
def folder(tmp_path):
    names = (
        "b.JPG",
        "a.png",
        "notes.txt",
        ".hidden.jpg",
        "sub/deep/c.webp",
        ".git/d.jpg",
        "e.jpg/f",
    )
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_images_are_found_by_their_suffix(folder):
    assert image_files(folder) == [b"a.png", b"b.JPG"]
    assert images_below(folder) == [b"a.png", b"b.JPG", b"sub/deep/c.webp"]
    assert files_below(folder) == [
        *(b"a.png", b"b.JPG", b"e.jpg/f", b"notes.txt", b"sub/deep/c.webp")
    ]


def test_links_are_followed_but_not_in_circles(folder):
    (folder / "sub/up").symlink_to(folder, target_is_directory=True)
    (folder / "twin").symlink_to(folder / "sub/deep", target_is_directory=True)
    assert images_below(folder) == [b"a.png", b"b.JPG", b"sub/deep/c.webp", b"twin/c.webp"]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere: cannot be listed: No such file"):
        images_below(tmp_path / "nowhere")


def test_names_of_any_encoding(tmp_path):
    (tmp_path / os.fsdecode(b"\xe9.jpg")).touch()
    assert image_files(tmp_path) == images_below(tmp_path) == [b"\xe9.jpg"]


def test_what_is_absent(folder):
    files = [b"a.png", b"x.png", b"sub/deep/c.webp", b"sub/c.webp", b"none/c.webp"]
    assert absent(folder, files) == [1, 3, 4]


def test_a_folder_that_may_not_be_read_is_an_input_error(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied", folder)

    (tmp_path / "a").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(os, "listdir", refuse)
    for look in (files_below, subfolders, lambda folder: absent(folder.parent, [b"a/x.jpg"])):
        with pytest.raises(InputError, match="a: cannot be listed: Permission denied"):
            look(tmp_path / "a")


def test_whole_paths_into_a_folder_are_those_of_its_files(folder, tmp_path_factory):
    link = tmp_path_factory.mktemp("links") / "images"
    link.symlink_to(folder)
    files = [f"{link}/sub/deep/c.webp", f"{folder}/a.png", "/else/a.png", "sub\\deep\\c.webp"]
    own = [b"sub/deep/c.webp", b"a.png", b"/else/a.png", b"sub/deep/c.webp"]
    assert with_slashes(link, [*map(os.fsencode, files)]) == own
