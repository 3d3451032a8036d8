"""A CSV file damaged at random is read, each of its rows counted, or refused by name."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.errors import InputError
from tasks.faces.attribute_lists import AttributeLists
from tests.tasks.conftest import REPEATABLE
from tests.tasks.faces.attribute_files import write_faces
from tests.tasks.faces.test_attribute_data import data

pytestmark = pytest.mark.slow

SPLITS = ("train", "train", "val", "val", "test", "test")
ROWS = [f"{i}.jpg,{i % 2},{i // 2 % 2},{split}" for i, split in enumerate(SPLITS)]
WHOLE = "\n".join(["file,Smiling,Young,split", *ROWS, ""]).encode()
PIECES = [b",", b";", b"\t", b'"', b"\r\n", b"\r", b"\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"1,5"]
PIECES += [b"9" * 5000, b"x" * 200_000, b"-1", b" ", b"../0.jpg", "\u0661".encode(), b"NaN", b"yes"]


@st.composite
def damaged(draw):
    text = bytearray(WHOLE)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text) - 1)) if text else 0
        change = draw(st.sampled_from(["insert", "insert", "replace", "cut", "remove", "whole"]))
        if change == "cut":
            del text[at:]
        elif change == "remove":
            del text[at : at + draw(st.integers(1, 12))]
        elif change == "whole":
            old, new = draw(st.sampled_from([(b",", b";"), (b"\n", b"\r\n"), (b"\n", b"\r")]))
            text = text.replace(old, new)
        else:
            end = at + (change == "replace")
            text[at:end] = draw(st.sampled_from(PIECES))
    return bytes(text)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    root = tmp_path_factory.mktemp("faces")
    write_faces(root / "images", [f"{i}.jpg" for i in range(len(ROWS))], size=(8, 9))
    (root / "images" / "3.jpg").write_bytes(b"")  # unreadable
    return root


@settings(REPEATABLE, max_examples=80)
@given(damaged())
def test_each_row_is_used_or_counted(faces, content):
    path = faces / "labels.csv"
    path.write_bytes(content)
    said = ""
    try:
        module = data(AttributeLists(str(faces), labels=path.name), skip_unreadable=True, size=8)
    except InputError as error:
        said = str(error)
    if said:
        assert str(faces) in said or "every attribute is true, false or unknown" in said
        assert len(said) < 3000
        return
    text = content.decode("utf-8-sig")
    delimiter = "\t" if "\t" in text.splitlines()[0] else ","
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    used = sum(map(len, module.indices.values()))
    assert used + sum(map(sum, (c.values() for c in module.left_out.values()))) == len(rows) - 1
    for dataset in module.datasets.values():
        assert all(dataset[row]["image"].shape == (8, 8, 3) for row in range(len(dataset)))
