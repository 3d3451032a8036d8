import numpy as np
import pytest

from backbone.errors import InputError
from tasks.classification.image_folder import ImageFolder


def files(index):
    return [index.path(i).relative_to(index.root).as_posix() for i in range(len(index))]


def test_classes_are_the_folders_in_order(folder):
    found = ImageFolder(str(folder)).load()
    train, val = found.splits["train"], found.splits["val"]
    assert train.classes == val.classes == (("ant", "ant"), ("bee", "bee"))
    assert train.counts.tolist() == [5, 3]
    assert files(val) == ["ant/0.jpg", "ant/1.jpg", "bee/0.jpg", "bee/1.jpg"]
    assert val.labels.tolist() == [0, 0, 1, 1]
    assert train.path(0).is_file()
    assert found.note == ""


def test_hidden_files_and_other_types_are_not_images(folder, images):
    images(folder / "train", ["ant/._0.jpg", ".ipynb_checkpoints/0.jpg", "ant/9.PNG"])
    (folder / "train/ant/notes.txt").write_text("no image")
    train = ImageFolder(str(folder)).load().splits["train"]
    assert train.counts.tolist() == [6, 3]
    assert "ant/9.PNG" in files(train)
    assert train.left_out == {"hidden": 1, ".txt": 1}
    assert str(train).endswith("; files left out: 1 hidden, 1 .txt")


@pytest.mark.parametrize("name", ["__MACOSX", "@eaDir", "$RECYCLE.BIN"])
def test_folders_of_systems_are_neither_classes_nor_images_of_one(folder, images, name):
    images(folder / "train", [f"{name}/ant/0.jpg", f"ant/{name}/0.jpg/THUMB.jpg"])
    train = ImageFolder(str(folder)).load().splits["train"]
    assert [id for id, _ in train.classes] == ["ant", "bee"]
    assert train.counts.tolist() == [5, 3]


def test_a_class_whose_accents_are_written_in_two_ways_is_one(tmp_path, images):
    composed, apart = "\u00e9", "e\u0301"
    names = [f"train/{composed}/0.jpg", "train/f/0.jpg", f"val/{apart}/1.jpg", "val/f/1.jpg"]
    splits = ImageFolder(str(images(tmp_path / "x", names))).load().splits
    assert splits["train"].classes == splits["val"].classes == (("f", "f"), (composed, composed))
    assert files(splits["val"]) == ["f/1.jpg", f"{apart}/1.jpg"]
    assert splits["val"].labels.tolist() == [0, 1]
    # both ways in one split
    images(tmp_path / "x", [f"train/{apart}/2.jpg"])
    train = ImageFolder(str(tmp_path / "x")).load().splits["train"]
    assert train.counts.tolist() == [1, 2]


def test_images_in_folders_of_a_class_belong_to_it(folder, images):
    images(folder / "train", ["ant/nest/0.jpg", "ant/nest/deep/1.jfif"])
    train = ImageFolder(str(folder)).load().splits["train"]
    assert train.counts.tolist() == [7, 3]
    assert {"ant/nest/0.jpg", "ant/nest/deep/1.jfif"} <= {*files(train)}


def test_what_is_left_out_is_counted_once(folder):
    (folder / "train/ant/notes").write_text("no image")
    found = ImageFolder(str(folder / "train"), val_fraction=0.4).load()
    assert found.splits["train"].left_out == {"without a suffix": 1}
    assert not found.splits["val"].left_out


def test_a_folder_or_a_link_to_itself_with_the_name_of_an_image(folder):
    (folder / "train/ant/d.jpg").mkdir()
    with pytest.raises(InputError, match=r"ant/d\.jpg has the name of an image but is a folder"):
        ImageFolder(str(folder)).load()
    (folder / "train/ant/d.jpg").rmdir()
    (folder / "train/ant/l.jpg").symlink_to("l.jpg")
    with pytest.raises(InputError, match=r"ant/l\.jpg: cannot be read: Too many levels"):
        ImageFolder(str(folder)).load()


def test_other_names_a_test_split_and_evaluation_only(folder):
    (folder / "val").rename(folder / "valid")
    found = ImageFolder(str(folder), val="valid", test="valid").load()
    assert list(found.splits) == ["train", "val", "test"]
    assert list(ImageFolder(str(folder), train=None, val="valid").load().splits) == ["val"]


def test_one_folder_is_split_by_class_and_seed(tmp_path, images):
    counts = {"a": 10, "b": 2, "c": 30}
    root = images(tmp_path / "x", [f"{k}/{i:02}.jpg" for k, n in counts.items() for i in range(n)])

    def split(seed=0):
        found = ImageFolder(str(root), val_fraction=0.2, seed=seed).load()
        return found.splits["train"], found.splits["val"], found.note

    train, val, note = split()
    assert val.counts.tolist() == [2, 1, 6]
    assert train.counts.tolist() == [8, 1, 24]
    assert len({*files(train), *files(val)}) == 42
    assert note == "20% of each class held out with seed 0"
    assert files(split()[1]) == files(val)
    assert files(split(seed=1)[1]) != files(val)
    # a class more leaves the split of the others as it was
    images(root, ["aa/0.jpg", "aa/1.jpg"])
    assert [f for f in files(split()[1]) if not f.startswith("aa/")] == files(val)


def test_missing_folders_are_named_with_what_is_there(folder):
    (folder / "val").rename(folder / "validation")
    with pytest.raises(InputError) as error:
        ImageFolder(str(folder)).check()
    message = str(error.value)
    assert f"Not found:\n  {folder / 'val'}\n" in message
    assert "holds the folders train, validation." in message
    for words in ("train/<class>/*.jpg", "data.val=NAME", "mode=sample"):
        assert words in message
    assert "val_fraction" not in message


def test_class_folders_directly_in_the_root_get_advice(folder):
    with pytest.raises(InputError, match=r"folders ant, bee\.[\s\S]*data\.val_fraction=0\.2"):
        ImageFolder(str(folder / "train")).check()


def test_images_without_class_folders(folder):
    flat = folder / "train" / "ant"
    with pytest.raises(InputError, match="5 image files"):
        ImageFolder(str(flat)).check()
    with pytest.raises(InputError, match=r"one folder per class .* holds 5 image files .*0\.jpg"):
        ImageFolder(str(flat), val_fraction=0.2).check()


def test_classes_that_differ_are_named_both_ways(folder):
    (folder / "val/bee").rename(folder / "val/wasp")
    with pytest.raises(InputError) as error:
        ImageFolder(str(folder)).check()
    assert f"only in {folder / 'train'}: bee\n" in str(error.value)
    assert f"only in {folder / 'val'}: wasp\n" in str(error.value)
    assert "capitals" not in str(error.value)
    (folder / "val/wasp").rename(folder / "val/Bee ")
    with pytest.raises(InputError, match="'bee' and 'Bee ' differ in capitals or spaces alone"):
        ImageFolder(str(folder)).check()


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "set.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"set\.zip is a file, not a folder"):
        ImageFolder(str(tmp_path / "set.zip")).check()


def test_files_without_the_suffix_of_an_image_are_named(folder):
    for path in (folder / "train/bee").iterdir():
        path.rename(path.with_suffix(""))
    with pytest.raises(InputError, match="no folders and no images, only other files: 3 without a"):
        ImageFolder(str(folder)).load()


def test_empty_class_folders_are_named_with_what_they_hold(folder, images):
    for split in ("train", "val"):
        (folder / split / "cricket").mkdir()
    with pytest.raises(InputError, match=r"without an image: cricket \(.*no folders and no images"):
        ImageFolder(str(folder)).load()
    # unpacked one folder too deep
    images(folder / "deep", ["train/train/ant/0.jpg", "val/val/ant/0.jpg"])
    with pytest.raises(InputError) as error:
        ImageFolder(str(folder), train="deep/train", val="deep/train").load()
    assert "train holds the folders ant" in str(error.value)


def test_single_images_cannot_be_split(folder, images):
    images(folder / "train", ["wasp/0.jpg"])
    with pytest.raises(InputError, match="single image: wasp"):
        ImageFolder(str(folder / "train"), val_fraction=0.2).load()


def test_names_beyond_ascii(tmp_path, images):
    root = images(tmp_path / "x", [f"{s}/Łoś/é 1.jpg" for s in ("train", "val")])
    train = ImageFolder(str(root)).load().splits["train"]
    assert train.path(0).is_file()
    assert train.classes == (("Łoś", "Łoś"),)


def test_a_real_folder_has_its_classes_and_counts(shared):
    splits = ImageFolder(str(shared / "hymenoptera")).load().splits
    assert splits["val"].counts.tolist() == [70, 83]
    assert splits["train"].labels.dtype == np.int64
    assert [name for name, _ in splits["train"].classes] == ["ants", "bees"]
