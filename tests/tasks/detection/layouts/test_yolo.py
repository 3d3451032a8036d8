"""YOLO's labels: what a line may be, and what is said of one that is none."""

from pathlib import Path

import pytest

from backbone.errors import InputError
from tasks.detection.layouts.yolo import label_file, parse_labels, parse_yolo
from tests.tasks.detection.layouts.conftest import photograph


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0,.5,.5,.2,.2", "numbers with spaces between them"),
        ("0 .5 .5 .2", "line 2: .* is not 'class x y width height'"),
        ("0 .5 .5 .2 .2 .9", "is not 'class x y width height'"),
        ("cat .5 .5 .2 .2", "is not 'class x y width height'"),
        ("0.5 .5 .5 .2 .2", "is not 'class x y width height'"),
        ("nan .5 .5 .2 .2", "is not 'class x y width height'"),
        ("1e400 .5 .5 .2 .2", "is not 'class x y width height'"),
        ("2 .5 .5 .2 .2", r"line 2: class 2 is not in 0\.\.1"),
        ("-1 .5 .5 .2 .2", r"class -1 is not in 0\.\.1"),
    ],
)
def test_lines_that_are_no_labels(tmp_path, line, message):
    path = tmp_path / "a.txt"
    path.write_text(f"1.0 0.5 0.5 0.2 0.2\n{line}\n")
    with pytest.raises(InputError, match=message) as error:
        list(parse_labels(path, 2))
    assert str(path) in str(error.value)


def test_labels_are_found_in_place_of_the_last_images(tmp_path):
    image = tmp_path / "images" / "set" / "images" / "a" / "x.jpg"
    labels = tmp_path / "images" / "set" / "labels" / "a" / "x.txt"
    assert label_file(str(image)) is None
    labels.parent.mkdir(parents=True)
    labels.touch()
    assert label_file(str(image)) == (str(labels), labels.stat())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train: [\n", r"data\.yaml: not YAML at line"),
        ("- 1\n", r"not YOLO's data\.yaml"),
        ("train: images\n", "no list of class names"),
        ("train: images\nnames: {0: a, 2: b}\n", "not numbered 0, 1, 2"),
        ("names: [a]\n", "no images under 'train'"),
        ("names: [a]\ntrain: elsewhere\n", "elsewhere does not exist"),
        ("names: [a]\ntrain: 'a\\0b'\n", "does not exist|not YAML"),
        ("names: [a]\ntrain: .\n", "no images"),
        ("names: &a [*a]\ntrain: .\n", "not YAML at line 1"),
        ("names: [a]\ntrain: images\nkpt_shape: 17\n", "kpt_shape is not"),
    ],
)
def test_lists_that_cannot_be_used(tmp_path, sets, text, message):
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        sets("data.yaml")


def test_images_without_labels_and_boxes_outside_are_counted(tmp_path, sets):
    for name in ("a", "b", "c"):
        photograph(tmp_path / "train" / f"{name}.jpg")
        photograph(tmp_path / "valid" / f"{name}.jpg")
    (tmp_path / "train" / "a.txt").write_text("0 .5 .5 .2 .2\n0 5 5 .2 .2\n0 .5 .5 .2 .2\n")
    (tmp_path / "data.yaml").write_text("names: [cat]\ntrain: train\nval: valid\n")
    _, counts = sets("data.yaml", "data.yaml")["train"]
    assert counts.notes == (
        "2 images without a label file, treated as having no objects: there is no "
        f"{tmp_path}/train/b.txt",
    )
    faults = {name: (fault.count, fault.annotation_ids) for name, fault in counts.faults.items()}
    assert faults == {"outside the image": (1, ("a.txt:2",)), "doubled": (1, ("a.txt:3",))}


def test_a_photograph_turned_by_exif_is_measured_as_it_is_shown(tmp_path, sets):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a", "b"):
        photograph(tmp_path / f"{name}.jpg", 100, 50, exif=exif)
        (tmp_path / f"{name}.txt").write_text("0 .5 .5 .2 .2\n")
    (tmp_path / "classes.txt").write_text("cat\n")
    train, _ = sets(".")["train"]
    assert (train.widths.tolist(), train.heights.tolist()) == ([50], [100])
    assert train.xywh.tolist() == [[20, 40, 10, 20]]


def test_names_that_unfold_without_bound_are_refused(tmp_path, sets):
    photograph(tmp_path / "train" / "a.jpg")
    nested = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 9))
    text = f"l0: &l0 [x]\n{nested}names: *l8\ntrain: train\n"
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(InputError, match="a list or a map, not text"):
        sets("data.yaml")


def test_a_name_that_is_no_unicode_text_is_read(tmp_path, sets):
    photograph(tmp_path / "train" / "a.jpg")
    (tmp_path / "train" / "a.txt").write_text("0 .5 .5 .2 .2\n")
    (tmp_path / "data.yaml").write_text('names: ["\\ud800", b]\ntrain: train\n')
    arrays, _ = parse_yolo(tmp_path / "data.yaml", "train", tmp_path / "cache")
    assert arrays["category_names"].tolist() == [b"?", b"b"]


def test_lists_may_mix_absolute_paths_and_others(tmp_path, monkeypatch):
    for name in ("here/a.jpg", "there/b.jpg"):
        photograph(tmp_path / "set" / name)
        (tmp_path / "set" / name).with_suffix(".txt").write_text("0 .5 .5 .2 .2\n")
    (tmp_path / "set" / "data.yaml").write_text("names: [cat]\ntrain: [train.txt, there]\n")
    (tmp_path / "set" / "train.txt").write_text(f"{tmp_path}/set/here/a.jpg\n")
    monkeypatch.chdir(tmp_path)
    arrays, root = parse_yolo(Path("set/data.yaml"), "train", tmp_path / "cache")
    assert [root / name.decode() for name in arrays["file_names"].tolist()] == [
        tmp_path / "set" / "here" / "a.jpg",
        tmp_path / "set" / "there" / "b.jpg",
    ]
    assert len(arrays["xywh"]) == 2


def test_classes_are_called_as_they_are_written(tmp_path, sets):
    photograph(tmp_path / "train" / "a.jpg")
    (tmp_path / "train" / "a.txt").write_text("1 .5 .5 .2 .2\n")
    for names in ("[no, 010, null]", "{0: no, '1': 010, 2: null}"):
        (tmp_path / "data.yaml").write_text(f"names: {names}\ntrain: train\nval: null\n")
        arrays, _ = parse_yolo(tmp_path / "data.yaml", "train", tmp_path / "cache")
        assert arrays["category_names"].tolist() == [b"no", b"010", b"null"]
    with pytest.raises(InputError, match="no images under 'val'"):
        parse_yolo(tmp_path / "data.yaml", "val", tmp_path / "cache")


def yolo_set(root, label, listing="names: [cat]\ntrain: images\n"):
    for name in ("a", "b"):
        photograph(root / "images" / f"{name}.jpg")
        (root / "labels").mkdir(exist_ok=True)
        (root / "labels" / f"{name}.txt").write_text(label)
    (root / "data.yaml").write_text(listing)


@pytest.mark.parametrize("shape", ["[3, 2]", "[3, 3]"])
def test_keypoints_behind_a_box_are_no_polygon(tmp_path, sets, shape):
    points = " 0 0 2" * 3 if "3]" in shape else " 0 0" * 3
    yolo_set(tmp_path, f"0 .5 .5 .2 .4{points}\n")
    listing = (tmp_path / "data.yaml").read_text()
    if shape == "[3, 2]":  # without a shape these numbers are a polygon's
        assert sets("data.yaml")["train"][0].xywh[0].tolist() == [0, 0, 50, 25]
    (tmp_path / "data.yaml").write_text(f"{listing}kpt_shape: {shape}\n")
    assert sets("data.yaml")["train"][0].xywh[0].tolist() == [40, 15, 20, 20]


def test_labels_without_an_image_are_counted(tmp_path, sets):
    yolo_set(tmp_path, "0 .5 .5 .2 .2\n", "names: [cat]\ntrain: train.txt\nval: val.txt\n")
    for name in ("gone", "other", "classes"):
        (tmp_path / "labels" / f"{name}.txt").write_text("0 .5 .5 .2 .2\n")
    photograph(tmp_path / "images" / "other.png")
    (tmp_path / "train.txt").write_text("images/a.jpg\nimages/b.jpg\n")
    (tmp_path / "val.txt").write_text("images/other.png\nimages/absent/x.jpg\n")
    loaded = sets("data.yaml", "data.yaml", skip_unreadable=True)
    place = tmp_path / "labels" / "gone.txt"
    said = f"1 label file without an image, left out with their boxes: {place}"
    assert loaded["train"][1].notes == (said,)
    (tmp_path / "labels" / "gone.txt").unlink()  # not a matter of the cache
    assert not sets("data.yaml", "data.yaml", skip_unreadable=True)["train"][1].notes


def test_boxes_in_pixels_are_refused(tmp_path, sets):
    yolo_set(tmp_path, "0 50 20 30 10\n")
    with pytest.raises(InputError, match=r"all boxes \(2\) .* seem to be pixels"):
        sets("data.yaml")
