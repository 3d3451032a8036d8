"""The exports of annotation tools, as they lie, in small: each is read, and what is in it counted.

Their forms are those of the tools' own documentation and of issues about them.
"""

import json
import os

import pytest

from backbone.errors import InputError
from tests.tasks.detection.layouts.conftest import photograph


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def boxes_of(index):
    """(file name, category, box) of all boxes."""
    return [
        (
            index.path(i).name,
            index.names[int(index.box_categories[k])],
            [round(value, 3) for value in index.xywh[k].tolist()],
        )
        for k, i in enumerate(index.box_images.tolist())
    ]


@pytest.fixture
def roboflow(tmp_path):
    """COCO: {train,valid,test}/_annotations.coco.json beside the images; category 0 is a group."""
    for split, count in (("train", 2), ("valid", 1)):
        names = [f"img{i}_jpg.rf.0a{i}.jpg" for i in range(count)]
        for name in names:
            photograph(tmp_path / split / name)
        content = {
            "info": {"year": "2024", "version": "1", "description": "Exported from roboflow.com"},
            "licenses": [{"id": 1, "url": "", "name": "Public Domain"}],
            "categories": [
                {"id": 0, "name": "helmets", "supercategory": "none"},
                {"id": 1, "name": "head", "supercategory": "helmets"},
            ],
            "images": [
                {"id": i, "license": 1, "file_name": name, "height": 50, "width": 100}
                | {"date_captured": "2024-07-20T19:39:26+00:00", "extra": {"name": f"img{i}.jpg"}}
                for i, name in enumerate(names)
            ],
            "annotations": [
                {"id": i, "image_id": i, "category_id": 1, "bbox": [4, 2, 8.5, 8]}
                | {"area": 68, "segmentation": [], "iscrowd": 0}
                for i in range(count)
            ],
        }
        write(tmp_path / split / "_annotations.coco.json", content)


def test_roboflow_coco(roboflow, sets):
    loaded = sets("train/_annotations.coco.json", "valid/_annotations.coco.json")
    train, counts = loaded["train"]
    assert boxes_of(train) == [
        ("img0_jpg.rf.0a0.jpg", "head", [4, 2, 8.5, 8]),
        ("img1_jpg.rf.0a1.jpg", "head", [4, 2, 8.5, 8]),
    ]
    assert (counts.faults, counts.notes) == ({}, ())
    assert len(loaded["val"][0]) == 1
    assert train.num_classes == 3


def test_the_message_about_coco_shows_how_to_read_what_is_there(roboflow, tmp_path):
    from tasks.detection.coco.splits import check_files

    with pytest.raises(InputError) as error:
        check_files(tmp_path)
    assert (
        "data.train=train/_annotations.coco.json data.val=valid/_annotations.coco.json "
        "data.num_classes=null" in str(error.value)
    )


def test_roboflow_yolo(tmp_path, sets):
    """data.yaml points one folder too high, and the images lie beside it."""
    for split in ("train", "valid"):
        photograph(tmp_path / split / "images" / "a.jpg")
        write(tmp_path / split / "labels" / "a.txt", "1 0.5 0.5 0.2 0.4\n")
    write(
        tmp_path / "data.yaml",
        "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 2\n"
        "names: ['cat', 'dog']\n\nroboflow:\n  workspace: w\n  version: 1\n",
    )
    loaded = sets("data.yaml", "data.yaml")
    for split in ("train", "val"):
        assert boxes_of(loaded[split][0]) == [("a.jpg", "dog", [40, 15, 20, 20])]
    assert loaded["val"][0].path(0) == tmp_path / "valid" / "images" / "a.jpg"


def test_ultralytics_yolo_with_a_split_in_lists(tmp_path, sets):
    """CVAT's "Ultralytics YOLO Detection": names numbered, images listed in text files."""
    for name in ("a", "b"):
        photograph(tmp_path / "images" / "train" / f"{name}.png")
    write(tmp_path / "labels" / "train" / "a.txt", "0 0.1 0.1 0.2 0.2\n\n1 .1 .2 .5 .2 .3 .6\n")
    write(tmp_path / "labels" / "train" / "b.txt", "")
    write(tmp_path / "train.txt", "data/images/train/a.png\ndata/images/train/b.png\n")
    write(
        tmp_path / "data.yaml",
        "path: .\ntrain: train.txt\nval: train.txt\nnames:\n  0: cat\n  1: dog\n",
    )
    train, counts = sets("data.yaml", "data.yaml")["train"]
    assert boxes_of(train) == [
        ("a.png", "cat", [0, 0, 20, 10]),
        ("a.png", "dog", [10, 10, 40, 20]),
    ]
    assert (counts.images, counts.images_without_boxes) == (2, 1)


def test_cvat_coco(tmp_path, sets):
    """annotations/instances_default.json beside images/ (or images/default/)."""
    content = {
        "licenses": [{"name": "", "id": 0, "url": ""}],
        "info": {"contributor": "", "date_created": "", "version": "", "year": ""},
        "categories": [{"id": 1, "name": "cat", "supercategory": ""}],
        "images": [
            {"id": i, "width": 100, "height": 50, "file_name": f"street/{i}.jpg"}
            | {"license": 0, "flickr_url": "", "coco_url": "", "date_captured": 0}
            for i in (1, 2)
        ],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1, "segmentation": [], "area": 80.0}
            | {"bbox": [1.5, 2.0, 10.0, 8.0], "iscrowd": 0, "attributes": {"occluded": False}}
            for i in (1, 2)
        ],
    }
    for i in (1, 2):
        photograph(tmp_path / "images" / "default" / "street" / f"{i}.jpg")
    write(tmp_path / "annotations" / "instances_default.json", content)
    train, _ = sets("annotations/instances_default.json")["train"]
    assert boxes_of(train)[0][1:] == ("cat", [1.5, 2.0, 10.0, 8.0])
    assert train.path(0).is_file()


def test_cvat_yolo(tmp_path, sets):
    """YOLO 1.1: obj.data, obj.names, and lists whose paths begin with data/."""
    for name in ("a", "b"):
        photograph(tmp_path / "obj_train_data" / f"{name}.jpg")
        write(tmp_path / "obj_train_data" / f"{name}.txt", "1 0.500000 0.5 0.2 0.4")
    write(tmp_path / "obj.names", "cat\ndog\n")
    write(
        tmp_path / "obj.data",
        "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n",
    )
    write(tmp_path / "train.txt", "data/obj_train_data/a.jpg\ndata/obj_train_data/b.jpg\n")
    train, _ = sets("obj.data")["train"]
    assert boxes_of(train)[0][1:] == ("dog", [40, 15, 20, 20])


def voc(name: str, stem: str, box: str, extra: str = "") -> str:
    return (
        f"<annotation><folder></folder><filename>{stem}</filename>"
        "<size><width>100</width><height>50</height><depth>3</depth></size><segmented>0</segmented>"
        f"<object><name>{name}</name>{extra}<bndbox>{box}</bndbox></object></annotation>"
    )


BOX = "<xmin>10.5</xmin><ymin>5</ymin><xmax>30.5</xmax><ymax>45</ymax>"


def test_cvat_voc(tmp_path, sets):
    """Pascal VOC 1.1: Annotations/, ImageSets/Main/default.txt and JPEGImages/, with subfolders."""
    for stem in ("a", "b"):
        photograph(tmp_path / "JPEGImages" / f"{stem}.jpg")
        write(tmp_path / "Annotations" / f"{stem}.xml", voc("cat", f"{stem}.jpg", BOX))
    write(tmp_path / "ImageSets" / "Main" / "default.txt", "a\nb\n")
    write(tmp_path / "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:::")
    for annotations in (".", "ImageSets/Main/default.txt"):
        train, _ = sets(annotations)["train"]
        assert boxes_of(train)[0][1:] == ("cat", [10.5, 5, 20, 40])


def test_pascal_voc(tmp_path, sets):
    """The challenge's own: lists of both splits, difficult objects, and classes that differ."""
    for stem, name, extra in (
        ("000005", "chair", "<difficult>1</difficult>"),
        ("000007", "car", "<difficult>0</difficult>"),
        ("000012", "bus", ""),
    ):
        photograph(tmp_path / "JPEGImages" / f"{stem}.jpg")
        write(tmp_path / "Annotations" / f"{stem}.xml", voc(name, f"{stem}.jpg", BOX, extra))
    write(tmp_path / "ImageSets" / "Main" / "train.txt", "000005\n000007  1\n")
    write(tmp_path / "ImageSets" / "Main" / "val.txt", "000012\n")
    loaded = sets("ImageSets/Main/train.txt", "ImageSets/Main/val.txt")
    train, counts = loaded["train"]
    assert list(train.names.values()) == ["bus", "car", "chair"]
    assert loaded["val"][0].names == train.names
    assert [name for _, name, _ in boxes_of(loaded["val"][0])] == ["bus"]
    assert (counts.crowd_boxes, counts.trainable_boxes) == (1, 1)


def test_roboflow_voc(tmp_path, sets):
    """XML files beside the images, one folder for each split."""
    for split in ("train", "valid"):
        photograph(tmp_path / split / "a.rf.1.jpg")
        write(tmp_path / split / "a.rf.1.xml", voc("cat", "a.rf.1.jpg", BOX))
    loaded = sets("train", "valid")
    assert boxes_of(loaded["val"][0]) == [("a.rf.1.jpg", "cat", [10.5, 5, 20, 40])]


@pytest.mark.parametrize(
    "prefix",
    [
        "images/",
        "images\\",
        "images\\\\1/",
        "..\\..\\label-studio\\media\\upload\\4\\",
        "/data/local-files/?d=photographs/",
        "/home/me/images/",
    ],
)
def test_label_studio_coco(tmp_path, sets, prefix):
    """result.json beside images/; the names are of any form that versions and systems wrote."""
    names = ["cb0618f6-a b.jpg", "90fbb0c7-ä.jpg"]
    for name in names:
        photograph(tmp_path / "images" / name)
    content = {
        "images": [
            {"width": 100, "height": 50, "id": i, "file_name": prefix + name}
            for i, name in enumerate(names)
        ],
        "categories": [{"id": 0, "name": "cat"}],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 0, "segmentation": [], "ignore": 0}
            | {"bbox": [1.0000000000000002, 2, 10, 8], "iscrowd": 0, "area": 80.00000000000001}
            for i in range(2)
        ],
        "info": {"year": 2024, "version": "1.0", "contributor": "Label Studio"},
    }
    write(tmp_path / "result.json", content)
    loaded = sets("result.json")
    assert sum(len(index) for index, _ in loaded.values()) == 2
    assert loaded["train"][0].path(0).is_file()


def test_label_studio_yolo(tmp_path, sets):
    """classes.txt, notes.json, images/ and labels/."""
    for name in ("a", "b"):
        photograph(tmp_path / "images" / f"{name}.jpg")
        write(tmp_path / "labels" / f"{name}.txt", "0 0.5 0.5 0.2 0.4\n")
    write(tmp_path / "classes.txt", "cat\ndog\n")
    write(tmp_path / "notes.json", {"categories": [{"id": 0, "name": "cat"}]})
    train, _ = sets(".")["train"]
    assert boxes_of(train)[0][1:] == ("cat", [40, 15, 20, 20])


def test_label_studio_voc(tmp_path, sets):
    """Annotations/ and images/; <filename> has no suffix."""
    for stem in ("1a-x", "2b-y"):
        photograph(tmp_path / "images" / f"{stem}.png")
        write(tmp_path / "Annotations" / f"{stem}.xml", voc("cat", stem, BOX))
    assert boxes_of(sets(".")["train"][0])[0][1:] == ("cat", [10.5, 5, 20, 40])


def test_label_studio_json_is_named(tmp_path, sets):
    write(tmp_path / "export.json", [{"id": 1, "annotations": [], "data": {"image": "/x.jpg"}}])
    with pytest.raises(InputError, match=r"looks like Label Studio's own JSON: export as COCO"):
        sets("export.json")


def test_cvat_xml_is_named(tmp_path, sets):
    write(tmp_path / "annotations.xml", "<annotations></annotations>")
    with pytest.raises(InputError, match=r"CVAT's own annotations\.xml is not read; export as"):
        sets("annotations.xml")


def test_lvis(tmp_path, sets):
    """No file_name; photographs of COCO's train2017 and val2017 under one root."""
    parts = ("train2017", "val2017")
    urls = [f"http://images.cocodataset.org/{part}/00{part[0]}.jpg" for part in parts]
    for url in urls:
        photograph(tmp_path / "coco" / "/".join(url.split("/")[-2:]))
    content = {
        "images": [
            {"id": i, "coco_url": url, "height": 50, "width": 100, "license": 1}
            | {"neg_category_ids": [], "not_exhaustive_category_ids": [2]}
            for i, url in enumerate(urls)
        ],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1203, "bbox": [1, 2, 3, 4], "area": 9.5}
            | {"segmentation": [[1, 2, 3, 4, 5, 6]]}
            for i in range(2)
        ],
        "categories": [{"id": i, "name": f"c{i}", "frequency": "r"} for i in range(1, 1204)],
    }
    write(tmp_path / "lvis_v1_train.json", content)
    loaded = sets("lvis_v1_train.json", train_images="coco")
    found = {os.path.relpath(index.path(0), tmp_path) for index, _ in loaded.values()}
    assert found == {"coco/train2017/00t.jpg", "coco/val2017/00v.jpg"}
    assert loaded["train"][0].num_classes == 1204
    assert loaded["train"][0].area.tolist() == [9.5]


@pytest.mark.parametrize(
    ("content", "tool"),
    [
        ([{"image": "a.jpg", "annotations": [{"label": "a"}]}], "CreateML"),
        ({"a.jpg12": {"filename": "a.jpg", "regions": []}}, "VIA"),
        ({"_via_settings": {}, "_via_img_metadata": {}}, "VIA"),
        ({"coco": {"images": [], "annotations": []}}, "one level too deep"),
    ],
)
def test_the_files_of_other_tools_are_named(tmp_path, sets, content, tool):
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=tool):
        sets("a.json")


@pytest.mark.parametrize("suffix", [".csv", ".tfrecord"])
def test_files_that_hold_no_boxes_here_are_refused_by_name(tmp_path, sets, suffix):
    (tmp_path / f"a{suffix}").write_text("file,xmin\n")
    with pytest.raises(InputError, match=rf"boxes are not read from \{suffix} files"):
        sets(f"a{suffix}")
