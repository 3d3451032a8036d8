"""Which file a name means, and which names mean none."""

import unicodedata

import pytest

from tasks.images.names import MISSING, Folder, match_names


@pytest.fixture
def folder(tmp_path):
    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return Folder(str(tmp_path))

    return make


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.jpg", "a.jpg"),
        ("sub/a.jpg", "sub\\a.jpg"),
        ("a.jpg", "train2017/a.jpg"),
        ("a.jpg", "C:\\Users\\me\\images\\a.jpg"),
        ("sub/a.jpg", "https://example.org/data/sub/a.jpg?size=2"),
        ("a b.jpg", "https://example.org/data/a%20b.jpg"),
        ("a.jpg", "s3://bucket/a.jpg"),
        ("sub/a.jpg", "..\\..\\sub\\a.jpg"),
        ("a.jpg", "/elsewhere/a.jpg"),
        ("sub/a.jpg", "/data/local-files/?d=x/sub/a.jpg"),
        ("a.JPG", "a.jpg"),
        ("A.jpg", "x/a.jpg"),
        (unicodedata.normalize("NFD", "Käfer.jpg"), unicodedata.normalize("NFC", "Käfer.jpg")),
        (unicodedata.normalize("NFC", "가.jpg"), unicodedata.normalize("NFD", "가.jpg")),
        ("100%.jpg", "100%.jpg"),
    ],
)
def test_the_file_that_a_name_means(folder, file, name):
    assert match_names(folder(file), [name]) == ([file], {})


@pytest.mark.parametrize("name", ["b.jpg", "//", "..", "http://[", "a" * 9000, "a.jpg/b"])
def test_names_that_mean_no_file(folder, name):
    found, reasons = match_names(folder("a.jpg"), [name])
    assert found == [name]
    assert reasons == {0: MISSING}


def test_one_file_is_not_taken_for_several_names(folder):
    names = ["cats/1.jpg", "1.jpg", "dogs/1.jpg", "2.jpg", "2.JPG"]
    found, reasons = match_names(folder("1.jpg", "2.jpg"), names)
    assert set(reasons) == {0, 2, 4}
    assert reasons[2] == "no such file; 1.jpg is what 1.jpg means"
    assert found[1] == "1.jpg"


def test_the_literal_name_wins(folder):
    there = folder("a/x.jpg", "x.jpg", "X.jpg")
    assert match_names(there, ["a/x.jpg", "x.jpg", "X.jpg"]) == (["a/x.jpg", "x.jpg", "X.jpg"], {})


def test_two_spellings_of_a_folder_are_not_guessed_between(folder):
    assert match_names(folder("x.jpg", "X.jpg"), ["x.JPG"])[1] == {0: MISSING}


def test_an_image_of_another_type_is_shown_and_not_taken(folder):
    images = folder("sub/a.jpg", "b.png", "b.jpg", "notes.txt")
    names = ["sub\\A.png", "sub/a", "sub/a.jpg ", "b.webp", "notes"]
    reasons = match_names(images, names)[1]
    near = f"{MISSING}, but a.jpg is there"
    assert reasons == {0: near, 1: near, 2: near, 3: MISSING, 4: MISSING}
