import numpy as np
import pytest

from backbone.errors import InputError
from tasks.faces.lfw import Lfw, load_lfw, read_pairs
from tests.tasks.faces.face_files import write_lfw


@pytest.fixture
def lfw(tmp_path):
    return write_lfw(tmp_path / "lfw")


def test_pairs_and_photographs(lfw):
    index, pairs = load_lfw(lfw, lfw / "pairs.txt")
    assert len(pairs) == 8
    assert pairs.same.tolist() == [True, True, False, False] * 2
    assert pairs.fold.tolist() == [0] * 4 + [1] * 4
    files = index.files.astype(str)
    assert files[pairs.first[0]] == "Person_0_0/Person_0_0_0001.jpg"
    assert files[pairs.second[0]] == "Person_0_0/Person_0_0_0002.jpg"
    assert files[pairs.first[7]] == "Person_1_1/Person_1_1_0001.jpg"
    assert files[pairs.second[7]] == "Person_1_2/Person_1_2_0002.jpg"
    assert len(set(files)) == len(files) == 10
    assert pairs.leaks(index.labels) == 0
    assert index.classes[index.labels[0]][0] == files[0].partition("/")[0]


@pytest.mark.parametrize("folder", ["lfw-deepfunneled", "lfw-deepfunneled/lfw-deepfunneled"])
def test_people_in_the_folder_that_an_archive_unpacks_into(lfw, tmp_path, folder):
    inside = tmp_path / "download" / folder
    inside.parent.mkdir(parents=True)
    lfw.rename(inside)
    (inside / "pairs.txt").rename(tmp_path / "download/pairs.txt")
    index, _ = Lfw(str(tmp_path / "download")).load("pairs.txt")
    assert len(index) == 10
    assert all(index.path(i).is_file() for i in range(len(index)))


def test_missing_photographs_stop_the_run_and_are_named(lfw):
    gone = [f"Person_0_{i}/Person_0_{i}_000{n}.jpg" for i, n in ((0, 1), (1, 2), (2, 2))]
    for name in gone:
        (lfw / name).unlink()
    with pytest.raises(InputError, match="3 of the 10 photographs") as error:
        load_lfw(lfw, lfw / "pairs.txt")
    assert all(name in str(error.value) for name in gone)
    assert "complete the folder" in str(error.value)


def test_ten_of_many_missing_photographs_are_named(lfw):
    (lfw / "pairs.txt").write_text(
        "1 6\n"
        + "".join(f"X{i} 1 2\n" for i in range(6))
        + "".join(f"X{i} 1 Y{i} 1\n" for i in range(6))
    )
    with pytest.raises(InputError, match="18 of the 18") as error:
        load_lfw(lfw, lfw / "pairs.txt")
    assert str(error.value).count(".jpg") == 10
    assert "and 8 more" in str(error.value)


def test_view_1_is_one_fold(tmp_path):
    path = tmp_path / "pairsDevTest.txt"
    path.write_text("2\nA\t1\t4\nB\t2\t1\nA\t1\tB\t10\nA\t4\tC\t1\n")
    files, same, fold = read_pairs(path)
    assert files[1].tolist() == ["B/B_0002.jpg", "B/B_0001.jpg"]
    assert files[2].tolist() == ["A/A_0001.jpg", "B/B_0010.jpg"]
    assert same.tolist() == [True, True, False, False]
    assert not fold.any()


GOOD = ["1 2", "A 1 2", "B 1 3", "A 1 B 2", "B 1 C 1"]


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        (1, "", "line 1: should be the number of folds"),
        (1, "ten 300", "line 1.*'10 300', not 'ten 300'"),
        (1, "0 2", "line 1"),
        (
            1,
            "1 3",
            "3 matched and 3 mismatched pairs take 6 lines .*, but there are 4",
        ),
        (
            3,
            "B 1 C 2",
            "line 3: .* should be a matched pair, `NAME 1 2`.*found 'B 1 C 2'",
        ),
        (3, "B 1 x", "line 3"),
        (3, "B 1 1", "line 3: 'B 1 1' is one image twice"),
        (
            4,
            "A 1 2",
            "line 4: .* should be a mismatched pair, `NAME 1 OTHER 1`",
        ),
        (4, "A 1 B two", "line 4"),
        (5, "C 1 C 2", "line 5: 'C 1 C 2' is two images of one person"),
    ],
)
def test_a_damaged_list_is_refused_with_its_line(tmp_path, line, text, said):
    path = tmp_path / "pairs.txt"
    path.write_text("\n".join(GOOD) + "\n\n")
    assert len(read_pairs(path)[1]) == 4, "blank lines at the end are no matter"
    path.write_text("\n".join(text if i == line else x for i, x in enumerate(GOOD, 1)))
    with pytest.raises(InputError, match=said) as error:
        read_pairs(path)
    assert str(path) in str(error.value)


def test_missing_lists_and_folders(tmp_path, lfw):
    with pytest.raises(InputError, match=r"lfw-deepfunneled\.tgz"):
        Lfw(str(tmp_path / "nowhere")).check()
    with pytest.raises(InputError, match=r"pairsDevTest\.txt"):
        Lfw(str(lfw), val_pairs="pairsDevTest.txt").check()
    with pytest.raises(InputError, match=r"box=\[0.5, 0, 0.4, 1\]"):
        Lfw(str(lfw), box=[0.5, 0, 0.4, 1]).check()
    Lfw(None).check()
    (lfw / "binary.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read as a list"):
        Lfw(str(lfw)).load("binary.txt")


def test_the_box_is_in_the_index(lfw):
    index, _ = Lfw(str(lfw), box=[0.1, 0.2, 0.9, 1.0]).load("pairs.txt")
    assert index.boxes.shape == (len(index), 4)
    assert np.allclose(index.boxes, [0.1, 0.2, 0.9, 1.0])


def test_the_official_list(shared):
    index, pairs = load_lfw(shared / "lfw", shared / "lfw/pairs.txt")
    assert (len(pairs), len(index)) == (6000, 7701)
    assert np.bincount(2 * pairs.fold + pairs.same).tolist() == [300] * 20
    assert pairs.leaks(index.labels) == 0, "the official folds share nobody"


def test_the_copy_of_kaggle_holds_the_same(lfw, tmp_path):
    """Photographs two folders deep, and pairs.csv with empty cells in place of pairs.txt."""
    own, pairs = load_lfw(lfw, lfw / "pairs.txt")
    rows = [line.split() for line in (lfw / "pairs.txt").read_text().splitlines()[1:]]
    lines = [",".join([*row, ""][:4]) for row in rows]
    root = tmp_path / "kaggle"
    inner = root / "lfw-deepfunneled" / "lfw-deepfunneled"
    inner.parent.mkdir(parents=True)
    lfw.rename(inner)
    (inner / "pairs.txt").unlink()
    csv = root / "pairs.csv"
    csv.write_text("\n".join(["name,imagenum1,imagenum2,", *lines]) + "\n")
    source = Lfw(str(root))
    source.check()
    index, found = source.load("pairs.txt")
    assert index.files.tolist() == own.files.tolist()
    for name in ("first", "second", "same", "fold"):
        assert np.array_equal(getattr(found, name), getattr(pairs, name))
    csv.write_text("\n".join(["name,imagenum1,imagenum2,", *lines[:-1]]) + "\n")
    with pytest.raises(
        InputError, match=r"pairs\.csv: 7 pairs, of which 4 are matched, in 2 folds"
    ):
        source.load("pairs.txt")


@pytest.mark.parametrize("word", ["9" * 5000, "\u00b2", "-1"])
def test_numbers_that_are_none_in_a_list_of_pairs(lfw, word):
    path = lfw / "pairs.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([f"2\t{word}", *lines[1:]]))
    with pytest.raises(InputError, match=r"pairs\.txt, line 1: should be"):
        load_lfw(lfw, path)
    path.write_text("\n".join([lines[0], lines[1].replace("\t1\t", f"\t{word}\t"), *lines[2:]]))
    with pytest.raises(InputError, match=r"pairs\.txt, line 2: "):
        load_lfw(lfw, path)


def test_a_missing_lfw_names_its_own_option(tmp_path):
    with pytest.raises(InputError) as error:
        Lfw(str(tmp_path)).check()
    assert "data.verification.root=null to" in str(error.value)
    assert " data.root=" not in str(error.value)
