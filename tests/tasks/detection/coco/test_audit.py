import json
import os
import subprocess
import sys

import numpy as np
import pytest

from backbone.errors import InputError
from tasks.detection.coco.audit import audit, write_cleaned
from tasks.detection.coco.checking import check_images
from tasks.detection.coco.index import load_index
from tasks.images import headers
from tasks.images.files import open_image
from tests.conftest import ROOT
from tests.tasks.detection.coco.loading import load_checked


def test_counts_and_first_offenders(coco_files, coco_content, tmp_path):
    template = coco_content["annotations"][0]
    bad = {  # in image 2, which is 60 x 80
        20: [10, 10, 0, 5],
        21: [10, 10, 5, -3],
        22: [10, 10, 5, 0.001],
        23: [70, 10, 10, 10],
        24: [10, -20, 10, 20],
        25: [-5, 10, 10, 10],
        26: [50, 70, 20, 20],
        27: [float("nan"), 10, 5, 5],
        28: [10, 10, float("inf"), 5],
        29: [0.01, 0, 60.02, 80],  # rounding, no fault
    }
    coco_content["annotations"] += [template | {"id": key, "bbox": box} for key, box in bad.items()]
    coco_files.annotations.write_text(json.dumps(coco_content))
    index = load_index(*coco_files, cache_dir=tmp_path, num_classes=91)
    report = audit(index)
    assert (report.images, report.boxes, report.images_without_boxes) == (3, 14, 1)
    assert (report.crowd_boxes, report.trainable_boxes) == (1, 6)
    found = {name: (fault.count, fault.annotation_ids) for name, fault in report.faults.items()}
    assert found == {
        "not finite": (2, (27, 28)),
        "without area": (3, (20, 21, 22)),
        "outside the image": (2, (23, 24)),
        "partly outside": (2, (25, 26)),
    }
    assert report.faults["without area"].image_ids == (2, 2, 2)
    assert "3 boxes without area, left out of training: annotations 20 in image 2" in str(report)
    # training sees what it can learn, clipped; evaluation all that has a place
    rows = index.trainable
    assert sorted(index.annotation_ids[rows].tolist()) == [10, 11, 12, 25, 26, 29]
    clipped = dict(zip(index.annotation_ids.tolist(), index.boxes.tolist(), strict=True))
    assert clipped[25] == [0, 10, 5, 20]
    assert clipped[26] == [50, 70, 60, 80]
    truth = index.ground_truth()
    assert len(truth.boxes) == 12
    assert [70, 10, 10, 10] in truth.boxes.tolist()


def test_a_clean_set_reports_one_line(coco_files, tmp_path):
    report = audit(load_index(*coco_files, cache_dir=tmp_path, num_classes=91))
    assert str(report) == "3 images (1 without boxes), 4 boxes (1 crowd; 3 to train on)"


def test_missing_and_unreadable_files_are_listed(coco_files, tmp_path):
    folder = coco_files.images
    (folder / "000000000001.jpg").unlink()
    whole = (folder / "000000000002.jpg").read_bytes()
    (folder / "000000000002.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "000000000003.jpg").write_bytes(b"<html>gone</html>")
    with pytest.raises(InputError) as error:
        load_checked(*coco_files, cache_dir=tmp_path)
    message = str(error.value)
    assert "of the 3 images" in message
    assert "1 is missing and 2 cannot be read" in message
    assert "id 1 000000000001.jpg (no such file)" in message
    assert "id 2 000000000002.jpg (damaged or cut short" in message
    assert "id 3 000000000003.jpg (a web page" in message
    assert f"python -m tasks.detection.coco.audit {coco_files.annotations} {folder}" in message


def test_the_program_writes_a_set_that_loads(coco_files, tmp_path):
    (coco_files.images / "000000000001.jpg").write_bytes(b"")
    cleaned = tmp_path / "cleaned.json"
    command = [sys.executable, "-m", "tasks.detection.coco.audit", *coco_files, cleaned]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "without 1 image" in run.stdout
    index = load_checked(cleaned, coco_files.images, cache_dir=tmp_path)
    assert index.image_ids.tolist() == [2, 3]
    assert index.annotation_ids.tolist() == [10, 13]
    polygons = json.loads(cleaned.read_text())["annotations"][0]["segmentation"]
    assert polygons == [[1, 2, 3, 4, 5, 6]]
    coco_files.annotations.write_text("{")
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr


def test_no_input_is_replaced_and_no_set_written_that_is_empty(coco_files, tmp_path):
    before = coco_files.annotations.read_bytes()
    image = coco_files.images / "000000000001.jpg"
    for output in (coco_files.annotations, image):
        with pytest.raises(InputError, match=r"would replace .*choose another file"):
            write_cleaned(*coco_files, output)
    assert coco_files.annotations.read_bytes() == before
    assert image.read_bytes().startswith(b"\xff\xd8")
    cleaned = tmp_path / "cleaned.json"
    with pytest.raises(InputError, match="no such folder"):
        write_cleaned(coco_files.annotations, image, cleaned)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="none of the 3 images"):
        write_cleaned(coco_files.annotations, tmp_path / "empty", cleaned)
    assert not cleaned.exists()


def test_files_are_looked_at_once(coco_files, tmp_path, monkeypatch):
    looked = []
    look = headers.look
    monkeypatch.setattr(headers, "look", lambda path, _: looked.append(path.name) or look(path))
    load_checked(*coco_files, cache_dir=tmp_path)
    assert sorted(looked) == ["000000000001.jpg", "000000000002.jpg", "000000000003.jpg"]
    load_checked(*coco_files, cache_dir=tmp_path)
    assert len(looked) == 3
    (coco_files.images / "000000000001.jpg").unlink()
    os.utime(coco_files.images, ns=(1, 1))  # file systems with coarse times would hide the change
    with pytest.raises(InputError, match="1 is missing"):
        load_checked(*coco_files, cache_dir=tmp_path)


def test_images_in_subfolders(coco_files, coco_content, tmp_path):
    (coco_files.images / "a").mkdir()
    (coco_files.images / "000000000001.jpg").rename(coco_files.images / "a" / "1.jpg")
    coco_content["images"][0]["file_name"] = "a/1.jpg"
    coco_files.annotations.write_text(json.dumps(coco_content))
    index = load_checked(*coco_files, cache_dir=tmp_path)
    assert index.path(0).is_file()
    coco_content["images"][0]["file_name"] = "b/1.jpg"
    coco_files.annotations.write_text(json.dumps(coco_content))
    with pytest.raises(InputError, match=r"folders that do not exist: .*/b"):
        load_checked(*coco_files, cache_dir=tmp_path)


def test_png_and_other_formats_pass(coco_files, coco_content, tmp_path):
    for number, suffix in enumerate(("png", "bmp", "webp"), start=1):
        old = coco_files.images / f"{number:012}.jpg"
        open_image(old).save(old.with_suffix(f".{suffix}"))
        coco_content["images"][number - 1]["file_name"] = f"{number:012}.{suffix}"
    coco_files.annotations.write_text(json.dumps(coco_content))
    check_images(
        load_index(*coco_files, cache_dir=tmp_path), coco_files.annotations, cache_dir=tmp_path
    )
    cut = coco_files.images / "000000000003.webp"
    cut.write_bytes(cut.read_bytes()[:-40])
    os.utime(coco_files.images, ns=(1, 1))
    with pytest.raises(InputError, match=r"id 3 000000000003\.webp"):
        load_checked(*coco_files, cache_dir=tmp_path)


def audited(coco_files, coco_content, tmp_path):
    coco_files.annotations.write_text(json.dumps(coco_content))
    return audit(load_index(*coco_files, cache_dir=tmp_path))


def test_what_is_there_twice_is_said(coco_files, coco_content, tmp_path):
    boxes = coco_content["annotations"]
    boxes += [boxes[0] | {"id": 10}, boxes[0] | {"category_id": 90}, boxes[0] | {"iscrowd": 1}]
    coco_content["images"].append(coco_content["images"][0] | {"id": 7})
    coco_content["categories"].append({"id": 4, "name": "car"})
    report = audited(coco_files, coco_content, tmp_path)
    assert report.faults["doubled"].count == 1
    assert "1 box doubled, equal to an earlier box, but kept: annotations 10 in" in str(report)
    files, categories, ids = report.notes
    assert files.startswith("1 file under several image ids")
    assert "000000000001.jpg" in files
    assert categories == "categories with the same name, learned as different ones: car (ids 3, 4)"
    assert ids == "1 annotation id is used more than once: 10; all of their boxes are used"


def test_categories_of_nearly_one_name_are_said(coco_files, coco_content, tmp_path):
    names = ["Cat", "cat ", "Caf\u00e9", "Cafe\u0301"]
    last = max(category["id"] for category in coco_content["categories"])
    added = [{"id": last + k, "name": name} for k, name in enumerate(names, start=1)]
    coco_content["categories"] += added
    said = str(audited(coco_files, coco_content, tmp_path))
    assert "categories that differ in capitals, spaces or accents alone" in said
    assert "'Cat', 'cat ', 'Caf\u00e9', 'Cafe\u0301'" in said


def test_boxes_and_areas_that_are_none(coco_files, coco_content, tmp_path):
    boxes = coco_content["annotations"]
    boxes[0] |= {"bbox": None, "segmentation": []}
    boxes[1]["area"] = float("inf")
    boxes[2]["area"] = -4
    report = audited(coco_files, coco_content, tmp_path)
    counts = {name: fault.count for name, fault in report.faults.items()}
    assert counts == {"not given": 1, "of impossible area": 2}
    truth = load_index(*coco_files, cache_dir=tmp_path).ground_truth()
    assert truth.area.tolist() == [40 * 32, 24 * 48, 50.5]
    assert len(truth.boxes) == 3


def test_text_ids_are_shown_as_text(coco_files, coco_content, tmp_path):
    coco_content["annotations"][0] |= {"id": "f0e1", "bbox": [1, 1, 0, 1]}
    report = audited(coco_files, coco_content, tmp_path)
    assert "without area, left out of training: annotations f0e1 in image 2" in str(report)


def test_doubled_boxes_are_found_among_many(coco_files, coco_content, tmp_path):
    rng = np.random.default_rng(0)
    template = coco_content["annotations"][0]
    rows = [[int(v) for v in rng.integers(1, 5, 6)] for _ in range(3000)]
    coco_content["annotations"] = [
        template
        | {"id": i, "image_id": 1 + row[0] % 3, "category_id": [1, 3, 90][row[1] % 3]}
        | {"bbox": row[2:]}
        for i, row in enumerate(rows)
    ]
    distinct = {(row[0] % 3, row[1] % 3, *row[2:]) for row in rows}
    report = audited(coco_files, coco_content, tmp_path)
    assert report.faults["doubled"].count == 3000 - len(distinct)
