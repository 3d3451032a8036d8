import math
import os

import numpy as np
import pytest
from PIL import ExifTags, Image

from backbone.errors import InputError
from tasks.geolocation import photographs
from tasks.geolocation.photographs import hold_out_places, listed_photographs, with_gps
from tests.tasks.geolocation.conftest import write_places


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def written(path, header, *rows):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def names(photographs):
    return [os.fsdecode(file) for file in photographs.files]


def test_a_list_of_files(tmp_path):
    folder = touch(tmp_path / "x", "b.jpg", "sub/a.jpg", "c.jpg", ".hidden.jpg")
    path = written(tmp_path / "my.csv", "file,latitude,longitude", "sub/a.jpg,1,2", "b.jpg,3,4")
    found = listed_photographs(path, folder)
    assert names(found) == ["sub/a.jpg", "b.jpg"]
    assert found.positions.tolist() == [[1, 2], [3, 4]]
    assert (found.official, found.name, found.note) == (2, "my.csv", "")
    written(path, "file,latitude,longitude", "x/sub/a.jpg,1,2", "x/c.jpg,3,4")
    assert names(listed_photographs(path, folder)) == ["sub/a.jpg", "c.jpg"]


def test_suffixes_may_be_in_other_capitals(tmp_path):
    folder = touch(tmp_path / "x", "b.JPG", "sub/a.jpg", "c.jpg", "C.JPG")
    path = written(tmp_path / "my.csv", "file,latitude,longitude", "sub/a.JPG,1,2", "b.jpg,3,4")
    assert names(listed_photographs(path, folder)) == ["sub/a.jpg", "b.JPG"]
    written(path, "file,latitude,longitude", "c.JPG,1,2")  # c.jpg or C.JPG?
    with pytest.raises(InputError, match=r"1 of 1 photograph missing"):
        listed_photographs(path, folder)


def test_a_list_of_ids(tmp_path):
    """OSV-5M's layout: numbers, files in numbered folders."""
    folder = touch(tmp_path / "x", "00/111.jpg", "01/222.jpg", "333.png")
    path = written(tmp_path / "val.csv", "id,latitude,longitude", "222,1,2", "333,3,4", "111,5,6")
    assert names(listed_photographs(path, folder)) == ["01/222.jpg", "333.png", "00/111.jpg"]
    touch(folder, "02/222.jpg")
    with pytest.raises(InputError, match=r"222 may be 01/222.jpg or 02/222.jpg"):
        listed_photographs(path, folder)


def test_a_missing_file_is_named_with_its_line(tmp_path):
    folder = touch(tmp_path / "x", "a.jpg", "c.jpg")
    rows = ["a.jpg,1,2", "", "b.jpg,3,4", "c.jpg,5,6"]
    path = written(tmp_path / "im2gps3k_places365.csv", "IMG_ID,LAT,LON", *rows)
    said = r"line 4: b.jpg is not in .* \(1 of 3 photographs missing\).*data.allow_missing=true"
    with pytest.raises(InputError, match=said):
        listed_photographs(path, folder)
    found = listed_photographs(path, folder, allow_missing=True)
    assert names(found) == ["a.jpg", "c.jpg"]
    assert found.positions.tolist() == [[1, 2], [5, 6]]
    assert (found.name, found.official) == ("Im2GPS3k", 2997)
    assert found.note == "1 of the 3 in im2gps3k_places365.csv missing"
    with pytest.raises(InputError, match="3 of 3 photographs missing"):
        listed_photographs(path, touch(tmp_path / "y", "z.jpg"), allow_missing=True)
    with pytest.raises(InputError, match="3 of 3 photographs missing"):
        listed_photographs(path, tmp_path / "nowhere", allow_missing=True)


@pytest.mark.parametrize("name", ["pipe:touch ran", "https://x/y.jpg", "../z.jpg", "/etc/passwd"])
def test_a_name_in_a_list_is_only_looked_up(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "z.jpg", "x/a.jpg")
    path = written(tmp_path / "a.csv", "file,latitude,longitude", f"{name},1,2")
    with pytest.raises(InputError, match=r"1 of 1 photograph missing"):
        listed_photographs(path, tmp_path / "x")
    assert not (tmp_path / "ran").exists()


def test_the_first_test_list_has_237(tmp_path):
    folder = touch(tmp_path / "x", "a.jpg")
    found = listed_photographs(
        written(tmp_path / "im2gps_places365.csv", "IMG_ID,LAT,LON", "a.jpg,1,2"), folder
    )
    assert (found.name, found.official) == ("Im2GPS", 237)


def test_a_list_without_files_is_refused(tmp_path):
    with pytest.raises(InputError, match="no column says which file"):
        listed_photographs(written(tmp_path / "a.csv", "LAT,LON", "1,2"), tmp_path)


def with_exif(path, **values):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "maker"
    if values:
        position = {"GPSLatitudeRef": "N", "GPSLongitudeRef": "E", "GPSLongitude": (2.0, 0.0, 0.0)}
        gps = {ExifTags.GPS[name]: value for name, value in (position | values).items()}
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path, exif=exif)


def test_photographs_of_a_phone(tmp_path, monkeypatch):
    monkeypatch.setattr(photographs, "SUFFIXES", {".jpg"})  # with or without pillow-heif
    with_exif(tmp_path / "b/1.jpg", GPSLatitude=(10.0, 30.0, 0.0))
    with_exif(tmp_path / "a/2.JPG", GPSLatitude=(20.0, 0.0, 0.0))
    with_exif(tmp_path / "3.jpg")
    with_exif(tmp_path / "4.jpg")
    with_exif(tmp_path / "5.jpg", GPSLatitude=(95.0, 0.0, 0.0))
    touch(tmp_path, "6.HEIC", "notes.txt")
    found = with_gps(tmp_path)
    assert names(found) == ["a/2.JPG", "b/1.jpg"]
    assert found.positions.tolist() == [[20, 2], [10.5, 2]]
    assert found.note == (
        "4 of 6 left out: 2 no position in EXIF, 1 EXIF position out of range, "
        "1 HEIC, which needs pip install pillow-heif, or conversion to JPEG"
    )


def test_a_folder_without_any_position(tmp_path):
    with pytest.raises(InputError, match="no photograph in this folder"):
        with_gps(tmp_path)
    with_exif(tmp_path / "3.jpg")
    with pytest.raises(InputError, match=r"none of 1 photograph .* \(1 no position in EXIF\)"):
        with_gps(tmp_path)
    (tmp_path / "4.jpg").write_bytes(b"<html>")
    with pytest.raises(InputError, match=r"4\.jpg: a web page"):
        with_gps(tmp_path)
    with_exif(tmp_path / "5.jpg", GPSLatitude=(10.0, 0.0, 0.0))
    (tmp_path / "notes.txt").touch()
    found = with_gps(tmp_path, skip_unreadable=True)
    assert names(found) == ["5.jpg"]
    assert found.left_out == {"no position in EXIF": 1, "unreadable": 1, ".txt files": 1}


def test_real_photographs_with_gps_are_found(shared):
    found = with_gps(shared / "geo_exif" / "images")
    assert len(found) == 29
    assert not found.note


@pytest.mark.parametrize("fraction", [0.001, 0.3, 0.999])
def test_photographs_of_one_place_are_held_out_together(tmp_path, fraction):
    photographs = listed_photographs(
        write_places(tmp_path, {"all": 30}) / "all.csv", tmp_path / "images"
    )
    twice = photographs.take(np.repeat(np.arange(30), 2))
    train, val = hold_out_places(twice, fraction, seed=1)
    assert sorted([*train.files, *val.files]) == sorted(twice.files)
    assert not {*train.files} & {*val.files}
    # so many that the share is reached, two a place, and a place at least on either side
    assert len(val) == np.clip(2 * math.ceil(60 * fraction / 2), 2, 58)
    assert (hold_out_places(twice, fraction, seed=1)[1].files == val.files).all()
    with pytest.raises(InputError, match="all photographs are of one place"):
        hold_out_places(photographs.take(np.zeros(4, int)), 0.5, 0)


@pytest.mark.parametrize("swap", [False, True])
def test_mp16_with_folders_or_underscores(tmp_path, swap):
    flat, deep = ["fd_c0_328.jpg", "fd_c1_7.jpg"], ["fd/c0/328.jpg", "fd/c1/7.jpg"]
    listed, files = (flat, deep) if swap else (deep, flat)
    for file in files:
        (tmp_path / "x" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "x" / file).touch()
    rows = [f"{name},1,2,3" for name in listed]
    path = written(tmp_path / "mp16_places365.csv", "IMG_ID,LAT,LON,S3_Label", *rows)
    assert names(listed_photographs(path, tmp_path / "x")) == files
