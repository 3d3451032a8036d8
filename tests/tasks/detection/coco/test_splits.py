import json
import subprocess
import sys

import numpy as np
import pytest

from backbone.errors import InputError
from tasks.detection.coco.splits import BoxSets, check_files
from tests.conftest import ROOT
from tests.tasks.detection.coco.loading import load_split


def test_2014_parts_with_a_minival_list(coco_2014, tmp_path):
    minival = tmp_path / "minival.txt"
    minival.write_text("7\n5\n\n")
    options = {"cache_dir": tmp_path, "year": 2014, "minival_ids": minival}
    train, _ = load_split(coco_2014, "train", **options)
    val, report = load_split(coco_2014, "val", **options)
    assert train.image_ids.tolist() == [1, 2, 3, 6]
    assert train.path(3) == coco_2014 / "val2014" / "000000000006.jpg"
    assert train.annotation_ids.tolist() == [11, 12, 10, 13, 50, 53]
    assert val.image_ids.tolist() == [5, 7]
    assert val.annotation_ids.tolist() == [51, 52]
    (note,) = report.notes
    assert "names 2 images, but the paper's minival has 8,059" in note
    assert note in str(report)


def test_2014_parts_as_published(coco_2014, tmp_path):
    assert len(load_split(coco_2014, "train", cache_dir=tmp_path, year=2014)[0]) == 3
    val, report = load_split(coco_2014, "val", cache_dir=tmp_path, year=2014)
    assert val.image_ids.tolist() == [5, 6, 7]
    assert report.notes == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5\n123\n1\n", "2 of its 3 image ids are not in .*val2014: 1, 123;"),
        ("5\nCOCO_val2014_6.jpg\n", r"minival.txt, line 2: .*COCO_val2014_6\.jpg"),
        ("", "minival.txt: it has no image ids"),
    ],
)
def test_minival_lists_that_do_not_fit(coco_2014, tmp_path, text, message):
    minival = tmp_path / "minival.txt"
    minival.write_text(text)
    with pytest.raises(InputError, match=message):
        load_split(coco_2014, "val", cache_dir=tmp_path, year=2014, minival_ids=minival)


def test_missing_set_says_where_to_get_it(tmp_path):
    root = tmp_path / "coco"
    with pytest.raises(InputError) as error:
        check_files(root)
    message = str(error.value)
    for expected in (
        str(root / "annotations" / "instances_train2017.json"),
        str(root / "val2017"),
        "http://images.cocodataset.org/zips/train2017.zip (18 GB)",
        "http://images.cocodataset.org/zips/val2017.zip (1 GB)",
        "http://images.cocodataset.org/annotations/annotations_trainval2017.zip (241 MB)",
        "or add mode=sample to use a drawn sample",
    ):
        assert expected in message
    assert message.count("annotations_trainval2017.zip") == 1


def test_only_what_is_missing_is_named(coco_2014):
    check_files(coco_2014, 2014)
    (coco_2014 / "annotations" / "instances_val2014.json").unlink()
    with pytest.raises(InputError, match="annotations_trainval2014") as error:
        check_files(coco_2014, 2014)
    assert "zips/" not in str(error.value)


def test_options_that_do_not_go_together(coco_2014, tmp_path):
    with pytest.raises(InputError, match="2014 and 2017, not 2015"):
        check_files(coco_2014, 2015)
    with pytest.raises(InputError, match=r"absent\.txt: no such file"):
        check_files(coco_2014, 2014, tmp_path / "absent.txt")
    for name in ("train2014", "val2014"):
        (coco_2014 / name).rename(coco_2014 / name.replace("2014", "2017"))
        annotations = coco_2014 / "annotations" / f"instances_{name}.json"
        annotations.rename(str(annotations).replace("2014.json", "2017.json"))
    check_files(coco_2014, 2017)
    with pytest.raises(InputError, match=r"needs data\.year=2014"):
        check_files(coco_2014, 2017, tmp_path / "absent.txt")


def test_a_share_is_held_out(coco_files, coco_content, coco_write, tmp_path):
    coco_content["images"] += [
        {"id": i, "file_name": f"{i}.jpg", "width": 8, "height": 8} for i in range(10, 17)
    ]
    twice = {"id": 20, "file_name": "000000000001.jpg", "width": 96, "height": 64}
    coco_content["images"].append(twice)
    coco_content["annotations"] += [
        coco_content["annotations"][1] | {"id": i, "image_id": i, "bbox": [1, 1, 4, 4]}
        for i in range(10, 17)
    ]
    coco_write(coco_files, coco_content)
    root, found = coco_files.images.parent, set()
    for seed in range(5):
        sets = BoxSets(root, tmp_path, num_classes=91, val_fraction=0.3, seed=seed)
        sets.check()
        train, val = (sets.load(split)[0] for split in ("train", "val"))
        ids = [*train.image_ids.tolist(), *val.image_ids.tolist()]
        assert sorted(ids) == [1, 2, 3, *range(10, 17), 20]
        assert (1 in val.image_ids) == (20 in val.image_ids), "one file, one split"
        assert len(np.unique(val.file_names)) == 3
        found.add(tuple(val.image_ids.tolist()))
    assert len(found) > 1


def test_nothing_to_learn_stops(coco_files, coco_content, tmp_path):
    coco_content["annotations"] = coco_content["annotations"][3:]  # a crowd
    coco_files.annotations.write_text(json.dumps(coco_content))
    with pytest.raises(InputError, match=r"nothing to learn.*\(1 crowd; 0 to train on\)"):
        BoxSets(coco_files.images.parent, tmp_path).load("train")


def test_boxes_without_a_place_are_in_no_split(coco_files, coco_content, tmp_path):
    coco_content["annotations"][0]["bbox"][0] = float("nan")
    coco_files.annotations.write_text(json.dumps(coco_content))
    index, report = BoxSets(coco_files.images.parent, tmp_path).load("train")
    assert report.boxes == 4
    assert index.annotation_ids.tolist() == [11, 12, 13]
    assert index.box_images.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": "x.json"}, r"x\.json: no such file or folder \(data\.train\)"),
        ({"val": "x.json"}, r"\(data\.val\); .* data\.val_fraction=0\.2"),
        ({"train_images": "x"}, r"x: no such folder \(data\.train_images\)"),
        ({"train": "train2014"}, r"train2014: a folder without annotations.*000000000001\.jpg"),
        ({"val_fraction": 0.5, "minival_ids": "x"}, r"give one of them"),
    ],
)
def test_own_paths_that_are_not_there(coco_2014, options, message):
    with pytest.raises(InputError, match=message):
        check_files(coco_2014, 2014, **options)


def test_images_that_are_nowhere_near_are_asked_for(coco_files, tmp_path):
    moved = tmp_path / "elsewhere" / "boxes.json"
    moved.parent.mkdir()
    coco_files.annotations.rename(moved)
    sets = BoxSets(tmp_path, tmp_path, train=str(moved), val_fraction=0.5, num_classes=None)
    with pytest.raises(InputError, match=r"name their folder with data\.train_images=FOLDER"):
        sets.load("train")
    options = {"train": str(moved), "train_images": str(coco_files.images), "num_classes": None}
    sets = BoxSets(tmp_path, tmp_path, val_fraction=0.4, seed=1, **options)
    assert sum(len(sets.load(split)[0]) for split in ("train", "val")) == 3


def test_checks_do_not_wait_for_torch():
    code = "import sys, tasks.detection.coco.splits; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_counts_of_the_excerpt(real_coco, tmp_path):
    expected = {"train": (160, 1280, 12, 4), "val": (80, 821, 12, 0)}
    for split, counts in expected.items():
        index, report = load_split(real_coco, split, cache_dir=tmp_path)
        assert (
            report.images,
            report.boxes,
            report.crowd_boxes,
            report.images_without_boxes,
        ) == counts
        assert index.num_classes == 91
        assert len(index.names) == 80
        assert report.faults == {}


def test_ground_truth_of_the_excerpt_is_what_pycocotools_reads(real_coco, tmp_path):
    coco = pytest.importorskip("pycocotools.coco")
    reference = coco.COCO(real_coco / "annotations" / "instances_val2017.json")
    truth = load_split(real_coco, "val", cache_dir=tmp_path)[0].ground_truth()
    assert sorted(truth.image_ids.tolist()) == sorted(reference.getImgIds())
    assert truth.category_ids.tolist() == reference.getCatIds()
    rows = zip(
        truth.box_image.tolist(),
        truth.box_category.tolist(),
        truth.boxes.tolist(),
        truth.area.tolist(),
        truth.crowd.tolist(),
        strict=True,
    )
    keys = ("image_id", "category_id", "bbox", "area", "iscrowd")
    expected = [
        tuple(row[key] for key in keys) for row in reference.loadAnns(reference.getAnnIds())
    ]
    assert sorted(rows) == sorted(expected)


def edited(root, edit):
    path = root / "annotations" / "instances_train2014.json"
    content = json.loads(path.read_text())
    for row in content["annotations"]:
        edit(row)
    path.write_text(json.dumps(content))


def test_boxes_as_fractions_are_refused(coco_2014, tmp_path):
    edited(coco_2014, lambda row: row.update(bbox=[0.1, 0.2, 0.3, 0.4]))
    with pytest.raises(InputError, match=r"all boxes \(4\) lie within one pixel"):
        load_split(coco_2014, "train", cache_dir=tmp_path, year=2014)


def test_boxes_as_corners_are_remarked(coco_2014, tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.detection.coco.audit.CLEARLY", 2)
    edited(coco_2014, lambda row: row.update(bbox=[20, 20, 55, 60]))
    _, counts = load_split(coco_2014, "train", cache_dir=tmp_path, year=2014)
    assert counts.notes[0].startswith("4 boxes reach beyond their images, and none would")
    edited(coco_2014, lambda row: row.update(bbox=[20, 20, 25, 30]))
    _, counts = load_split(coco_2014, "train", cache_dir=tmp_path, year=2014)
    assert counts.notes == ()
