import subprocess
import sys

import pytest
from PIL import ExifTags, Image

from backbone.errors import InputError
from tasks.geolocation.photographs import Photographs
from tasks.geolocation.place_sources import GpsFolders, PlaceLists, ShardedPlaces
from tasks.geolocation.shards import Shards
from tests.conftest import ROOT
from tests.tasks.geolocation.conftest import TOWNS, write_places, write_shards


def test_lists_of_photographs_are_loaded(tmp_path):
    write_places(tmp_path, {"train": 6, "val": 4})
    source = PlaceLists(str(tmp_path), "train.csv", "val.csv", "images", "images")
    source.check()
    found = source.load()
    assert (len(found.train), len(found.val)) == (6, 4)
    evaluation_only = PlaceLists(str(tmp_path), None, "val.csv", "no", "images")
    assert evaluation_only.load().train is None
    with pytest.raises(InputError, match=r"not complete .*\n.*other\n.*\nExpected(.|\n)*latitude"):
        PlaceLists(str(tmp_path), "train.csv", "val.csv", "other", "images").check()


def with_positions(folder, count):
    folder.mkdir(parents=True)
    for i in range(count):
        north, east = TOWNS[i % len(TOWNS)]
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                ExifTags.GPS.GPSLatitudeRef: "N" if north > 0 else "S",
                ExifTags.GPS.GPSLatitude: (abs(north), 0.0, 0.0),
                ExifTags.GPS.GPSLongitudeRef: "E" if east > 0 else "W",
                ExifTags.GPS.GPSLongitude: (abs(east), 0.0, 0.0),
            }
        )
        Image.new("RGB", (8, 8)).save(folder / f"{i}.jpg", exif=exif)


def test_folders_with_positions(tmp_path):
    with_positions(tmp_path / "train", 5)
    with_positions(tmp_path / "val", 3)
    found = GpsFolders(str(tmp_path), "train", "val").load()
    assert (len(found.train), len(found.val), found.note) == (5, 3, "")
    assert found.val.positions[1] == pytest.approx(TOWNS[1])
    assert GpsFolders(str(tmp_path), None, "val").load().train is None
    split = GpsFolders(str(tmp_path), "train", "val", val_fraction=0.4, seed=3).load()
    assert len(split.train) + len(split.val) == 8
    assert split.note == "40% of the places held out with seed 3"
    with pytest.raises(InputError, match="not complete"):
        GpsFolders(str(tmp_path), "train", "test").check()


def test_shards_and_a_list(tmp_path):
    write_places(tmp_path, {"val": 4})
    urls = write_shards(tmp_path, [2, 2])
    source = ShardedPlaces(str(tmp_path), "train-{000..001}.tar", "val.csv", "images", 4, 7)
    source.check()
    found = source.load()
    assert found.train == Shards(urls, 4, 7)
    assert isinstance(found.val, Photographs)
    with pytest.raises(InputError, match="no such shard"):
        ShardedPlaces(str(tmp_path), "train-{000..002}.tar", "val.csv", "images").check()
    with pytest.raises(InputError, match=r"not complete(.|\n)*test.csv"):
        ShardedPlaces(str(tmp_path), "train-000.tar", "test.csv", "images").check()


def test_checking_needs_no_torch():
    code = (
        "import sys, tasks.geolocation.place_sources as s\n"
        "try: s.ShardedPlaces('x', 'a.tar', 'b.csv', 'c').check()\n"
        "except ValueError: print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
