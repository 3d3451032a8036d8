import numpy as np
import pytest

from backbone.errors import InputError
from tasks.faces.identities import CelebaIdentities, FaceFolders
from tests.tasks.faces.face_files import write_celeba, write_face, write_folders


def shown(index):
    """(person's id, file) of every image."""
    ids = [index.classes[k][0] if k >= 0 else None for k in index.labels.tolist()]
    return set(zip(ids, index.files.astype(str).tolist(), strict=True))


@pytest.fixture
def folders(tmp_path):
    return write_folders(tmp_path / "faces/train", {f"p{i}": 2 + i % 3 for i in range(20)}).parent


def test_people_are_held_out_not_images(folders):
    splits = FaceFolders(str(folders), val_fraction=0.25, seed=1).load().splits
    train, val = splits["train"], splits["val"]
    people = [{name for name, _ in shown(index)} for index in (train, val)]
    assert [len(p) for p in people] == [15, 5]
    assert not people[0] & people[1]
    assert sorted(set(train.labels.tolist())) == list(range(15)), "numbered anew"
    assert all(file.partition("/")[0] == person for person, file in shown(train) | shown(val))
    assert len(train) + len(val) == sum(2 + i % 3 for i in range(20))


def test_another_person_leaves_the_split_of_the_rest(folders):
    before = shown(FaceFolders(str(folders), val_fraction=0.5).load().splits["val"])
    write_face(folders / "train/newcomer/0.jpg", 77, 0)
    source = FaceFolders(str(folders), val_fraction=10 / 21)
    after = {p for p, _ in shown(source.load().splits["val"])}
    assert len({p for p, _ in before} - after) <= 1, "the newcomer takes at most one's place"
    other = shown(FaceFolders(str(folders), val_fraction=0.5, seed=9).load().splits["val"])
    assert {p for p, _ in other} != {p for p, _ in before}


def test_a_folder_of_other_people(folders):
    write_folders(folders / "val", {f"q{i}": 2 for i in range(4)})
    splits = FaceFolders(str(folders), val="val").load().splits
    assert len(splits["train"].classes) == 20
    assert [name for name, _ in splits["val"].classes] == ["q0", "q1", "q2", "q3"]
    write_face(folders / "val/p3/0.jpg", 3, 9)
    with pytest.raises(InputError, match="share people: p3"):
        FaceFolders(str(folders), val="val").check()


def test_faces_without_identity_join_the_training_set(folders):
    write_face(folders / "more/2004/x.jpg", 50, 0)
    write_face(folders / "more/y.jpg", 51, 0)
    splits = FaceFolders(str(folders), unlabelled="more").load().splits
    train = splits["train"]
    assert (train.labels < 0).sum() == 2
    assert {f for p, f in shown(train) if p is None} == {"more/2004/x.jpg", "more/y.jpg"}
    assert all(train.path(i).is_file() for i in range(len(train)))
    assert (splits["val"].labels >= 0).all()
    assert str(train).endswith(", and 2 without identity")


def test_missing_folders_are_named(tmp_path, folders):
    with pytest.raises(InputError, match="train/<person>"):
        FaceFolders(str(tmp_path)).check()
    (folders / "none").mkdir()
    with pytest.raises(InputError, match="no image"):
        FaceFolders(str(folders), unlabelled="none").load()
    assert len(FaceFolders(str(folders / "train"), train=".").load().splits["train"]) > 30


ROWS = [(7, 0), (7, 0), (9, 0), (None, 0), (30, 1), (30, 1), (9, 1), (None, 1), (41, 2), (7, 2)]


@pytest.fixture
def celeba(tmp_path):
    return write_celeba(tmp_path / "celeba", ROWS)


def test_celebas_partition_keeps_known_people_out_of_training(celeba):
    loaded = CelebaIdentities(str(celeba)).load()
    train, val, test = (loaded.splits[split] for split in ("train", "val", "test"))
    numbered = {(p, int(f[:6])) for p, f in shown(train)}
    assert numbered == {("7", 1), ("7", 2), ("9", 3), (None, 4)}, "nobody known may be taught"
    assert {(p, int(f[:6])) for p, f in shown(val)} == {("30", 5), ("30", 6)}
    assert {(p, int(f[:6])) for p, f in shown(test)} == {("41", 9)}
    assert len(train.classes) == 2
    assert sorted(set(train.labels.tolist())) == [-1, 0, 1]
    assert "1 val image of training people left out" in loaded.note
    assert "1 test image of training people left out" in loaded.note


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("identity_CelebA.txt", "000003.jpg\n", "line 1: '000003.jpg' should be a file and the"),
        ("identity_CelebA.txt", "000003.jpg x\n", "line 1"),
        ("identity_CelebA.txt", "000003.jpg 1\n\n000003.jpg 2\n", "line 3: 000003.jpg is listed"),
        (
            "identity_CelebA.txt",
            "000003.jpg 1\n999.jpg 1\n",
            "not assign 1 image .*: 999.jpg",
        ),
        ("list_eval_partition.txt", "000003.jpg 0\n5.jpg 1\n", "names 1 file .*: 5.jpg"),
    ],
)
def test_lists_that_contradict_themselves(celeba, file, change, said):
    if file == "list_eval_partition.txt":
        (celeba / "identity_CelebA.txt").write_text("000003.jpg 1\n")
    (celeba / file).write_text(change)
    with pytest.raises(InputError, match=said):
        CelebaIdentities(str(celeba)).load()


def test_a_part_without_anyone(tmp_path):
    root = write_celeba(tmp_path / "celeba", [(7, 0), (8, 0), (7, 1), (7, 2)])
    with pytest.raises(InputError, match="leaves no one for val"):
        CelebaIdentities(str(root)).load()
    (root / "identity_CelebA.txt").unlink()
    with pytest.raises(InputError, match="on request"):
        CelebaIdentities(str(root)).check()


def test_a_limit_takes_four_images_of_each_person(folders):
    index = FaceFolders(str(folders), val_fraction=0.1).load().splits["train"]
    few = index.first(8)
    counts = few.counts[few.counts > 0]
    assert len(few) == 8
    assert counts.max() <= 4
    assert (counts >= 2).sum() >= 2
    assert len(few.classes) == len(index.classes)
    assert np.array_equal(few.labels, np.sort(few.labels)), "in the set's own order"
