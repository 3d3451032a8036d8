import numpy as np
import pytest
from scipy.io import savemat

from backbone.errors import InputError
from tasks.classification.imagenet import ImageNet, class_names, official_wnids
from tests.tasks.classification.conftest import WNIDS

VAL = [f"ILSVRC2012_val_0000000{i}" for i in (1, 2, 3, 4)]
LABELS = [2, 0, 0, 1]


def write_meta(path):
    """The devkit's meta.mat: its numbers are shuffled, and some synsets are not classes."""
    rows = [(1, WNIDS[1]), (2, WNIDS[2]), (3, WNIDS[0]), (1001, "n00001740")]
    synsets = np.array(
        [(number, wnid, "words", "gloss") for number, wnid in rows],
        [("ILSVRC2012_ID", object), ("WNID", object), ("words", object), ("gloss", object)],
    ).reshape(-1, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"synsets": synsets})


def load(root, labels="list.txt", **options):
    return ImageNet(str(root), val_labels=labels, **options).load().splits


def lists():
    """Each accepted list of the same four images, in another order than the files if allowed."""
    order = (3, 0, 2, 1)
    return {
        "devkit": "2\n3\n3\n1\n\n",
        "caffe": "".join(f"{VAL[i]}.JPEG {LABELS[i]}\n" for i in order),
        "kaggle": "ImageId,PredictionString\n"
        + "".join(
            f"{VAL[i]},{WNIDS[LABELS[i]]} 1 2 3 4 {WNIDS[LABELS[i]]} 5 6 7 8 \n" for i in order
        ),
        "csv": "\ufefffile,class_index,wnid,name\r\n"
        + "".join(f'val/{VAL[i]}.JPEG,7,{WNIDS[LABELS[i]]},"a, b"\r\n' for i in order),
    }


@pytest.mark.parametrize("kind", lists())
def test_every_list_of_a_flat_folder_is_recognised(imagenet, kind):
    write_meta(imagenet / "ILSVRC2012_devkit_t12/data/meta.mat")
    (imagenet / "list.txt").write_text(lists()[kind], encoding="utf-8")
    splits = load(imagenet)
    val = splits["val"]
    assert val.labels.tolist() == LABELS
    assert val.labels.dtype == np.int64
    assert [val.path(i).stem for i in range(4)] == VAL
    assert val.path(0).is_file()
    assert val.classes == splits["train"].classes
    assert splits["train"].counts.tolist() == [2, 2, 2]


def test_validation_images_in_class_folders(imagenet, images):
    images(imagenet, [f"folders/{wnid}/0.JPEG" for wnid in WNIDS])
    found = ImageNet(str(imagenet), val="folders").load()
    assert found.splits["val"].labels.tolist() == [0, 1, 2]
    assert "not the official 1,281,167 / 50,000 images of 1,000 classes" in found.note


def test_without_training_images_the_classes_are_the_official_ones(imagenet, images):
    images(imagenet, [f"folders/{wnid}/0.JPEG" for wnid in WNIDS])
    val = ImageNet(str(imagenet), train=None, val="folders").load().splits["val"]
    assert len(val.classes) == 1000
    assert [val.classes[k][0] for k in val.labels] == WNIDS
    assert val.labels.tolist() == [0, 134, 517]
    images(imagenet, ["folders/n99999999/0.JPEG"])
    with pytest.raises(InputError, match="not among the official 1,000: n99999999"):
        ImageNet(str(imagenet), train=None, val="folders").load()


def test_official_classes_are_sorted_and_have_distinct_names(tmp_path):
    wnids = official_wnids()
    assert wnids == sorted(wnids)
    assert len({*wnids}) == 1000
    names = class_names(tmp_path, wnids)
    assert len({*names}) == 1000
    assert names[:2] == ["tench", "goldfish"]
    assert names[134] == "crane (n02012849)"
    assert class_names(tmp_path, ["n99999999"]) == ["n99999999"]


def test_names_in_the_data_set_take_precedence(imagenet):
    text = f"{WNIDS[0]} alpha, first\n{WNIDS[1]} beta, one\n{WNIDS[2]} beta, two\n"
    (imagenet / "LOC_synset_mapping.txt").write_text(text)
    names = class_names(imagenet, WNIDS)
    assert names == ["alpha", f"beta, one ({WNIDS[1]})", f"beta, two ({WNIDS[2]})"]


CSV = "file,wnid\n"
ROWS = [f"{VAL[i]}.JPEG,{WNIDS[LABELS[i]]}\n" for i in range(4)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "list is empty"),
        ("2\n3\n3\n", "3 lines but the folder has 4 images"),
        ("2\n3\n3\n7\n", "numbers that are not in .*meta.mat: 7"),
        ("2\n3\n3\n1001\n", "class that is not among the 3 of the data set: n00001740"),
        ("name,label\n" + "".join(ROWS), "no column of files in the header 'name,label'"),
        ("file,label\n" + "".join(ROWS), "no column of WordNet ids"),
        (CSV + "".join(ROWS[:3]), f"does not name 1 of the folder's 4 images: {VAL[3]}"),
        (CSV + "".join(ROWS) + "x.JPEG,n01440764\n", "names 1 file .* not have: x.JPEG"),
        (CSV + "".join(ROWS) + ROWS[0], f"more than once 1 .*: {VAL[0]}"),
        (CSV + "".join(ROWS[:3]) + f"{VAL[3]},n99999999\n", "1 class .*: n99999999"),
        (CSV + ROWS[0] + VAL[1] + "\n", f"line 3: '{VAL[1]}' lacks a column"),
        (f"{VAL[0]}.JPEG 2\n{VAL[1]}.JPEG\n", "line 2: .* is not 'file index'"),
        (f"{VAL[0]}.JPEG 2\n{VAL[1]}.JPEG 3\n", "line 2: .* beyond the 3 classes"),
        ("<html><body>404</body></html>\n", "line 1: .* is not 'file index'"),
    ],
)
def test_lists_that_do_not_fit(imagenet, text, said):
    write_meta(imagenet / "meta.mat")
    (imagenet / "list.txt").write_text(text)
    with pytest.raises(InputError, match=said) as error:
        load(imagenet)
    assert str(imagenet / "list.txt") in str(error.value)


def test_the_devkits_numbers_need_its_meta_file(imagenet):
    (imagenet / "list.txt").write_text(lists()["devkit"])
    with pytest.raises(InputError, match=r"meta\.mat, which is not in"):
        load(imagenet)
    (imagenet / "meta.mat").write_bytes(b"<html>404</html>" * 20)
    with pytest.raises(InputError, match=r"meta\.mat: not a MATLAB file"):
        load(imagenet)
    savemat(imagenet / "meta.mat", {"other": 1})
    with pytest.raises(InputError, match=r"meta\.mat: has no variable synsets"):
        load(imagenet)


def test_missing_set_says_where_to_get_it(tmp_path):
    with pytest.raises(InputError) as error:
        ImageNet(str(tmp_path / "imagenet"), val_labels="val.txt").check()
    message = str(error.value)
    for words in (
        str(tmp_path / "imagenet" / "train"),
        str(tmp_path / "imagenet" / "val.txt"),
        "train/n01440764/n01440764_10026.JPEG",
        "ILSVRC2012_img_train.tar (138 GB",
        "ILSVRC2012_img_val.tar (6.3 GB)",
        "ILSVRC2012_devkit_t12.tar.gz",
        "image-net.org",
        "mode=sample",
    ):
        assert words in message


def test_the_list_of_a_flat_folder_is_found_under_its_usual_name(imagenet):
    with pytest.raises(InputError, match=r"4 image files.*val\.txt.*data\.val_labels="):
        ImageNet(str(imagenet)).check()
    for name, kind in (("val.txt", "caffe"), ("LOC_val_solution.csv", "kaggle")):
        (imagenet / name).write_text(lists()[kind])
        assert load(imagenet, None)["val"].labels.tolist() == LABELS
    write_meta(imagenet / "ILSVRC2012_devkit_t12/data/meta.mat")
    devkit = imagenet / "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt"
    devkit.write_text("1\n1\n1\n1\n")
    assert load(imagenet, None)["val"].labels.tolist() == [1, 1, 1, 1], "the devkit's comes first"


def test_folders_that_are_not_from_imagenet(imagenet, images):
    (imagenet / "list.txt").write_text(lists()["csv"])
    with pytest.raises(InputError, match=r"holds the folders .*leave data.val_labels=null"):
        load(imagenet, val="train")
    images(imagenet, ["train/tench/0.JPEG"])
    with pytest.raises(InputError, match=r"not WordNet ids .*: tench; .*task=image_folder"):
        ImageNet(str(imagenet)).check()
    (imagenet / "archives").mkdir()
    (imagenet / "archives/n01440764.tar").touch()
    with pytest.raises(InputError, match="unpack each into a folder of its name"):
        ImageNet(str(imagenet), train="archives").check()


def test_classes_that_differ_are_named(imagenet, images):
    images(imagenet, [f"folders/{wnid}/0.JPEG" for wnid in WNIDS[1:]])
    with pytest.raises(InputError, match=f"only in .*train: {WNIDS[0]}"):
        ImageNet(str(imagenet), val="folders").check()


def test_the_real_excerpt(shared):
    root = shared / "imagenet_samples"
    found = ImageNet(str(root), train=None, val="images").load()
    val = found.splits["val"]
    rows = [line.split(",") for line in (root / "labels.csv").read_text().splitlines()[1:]]
    expected = {file: int(index) for file, index, *_ in rows}
    assert {val.path(i).name: int(val.labels[i]) for i in range(len(val))} == expected
    assert str(val) == "120 images of 120 of 1,000 classes, 1 each"
