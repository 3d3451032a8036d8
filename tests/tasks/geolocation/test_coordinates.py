import re

import numpy as np
import pytest

from backbone.errors import InputError
from tasks.geolocation.coordinates import read_coordinates


def written(tmp_path, text, name="photos.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def read(path, rows=1 << 16):
    return list(read_coordinates(path, rows))


@pytest.mark.parametrize(
    "text",
    [
        "file,latitude,longitude\na.jpg,48.5,2.25\nb.jpg,-33.5,151\n",
        # MP-16, Im2GPS and Im2GPS3k, OSV-5M, YFCC100M twice, and what a spreadsheet makes
        "IMG_ID,LAT,LON,S3_Label\na.jpg,48.5,2.25,0\nb.jpg,-33.5,151,2\n",
        "IMG_ID,AUTHOR,LAT,LON\na.jpg,x,48.5,2.25\nb.jpg,y,-33.5,151\n",
        'id,latitude,longitude,city\na.jpg,48.5,2.25,"Paris, 75"\nb.jpg,-33.5,151,Sydney\n',
        "photoid,title,longitude,latitude\na.jpg,,2.25,48.5\nb.jpg,,151,-33.5\n",
        "photoid\tlongitude\tlatitude\r\na.jpg\t2.25\t48.5\r\nb.jpg\t151\t-33.5\r\n",
        "\ufefffile, Latitude, Longitude\na.jpg,48.5,2.25\n\nb.jpg,-33.5,151",
    ],
)
def test_columns_are_found_by_their_names(tmp_path, text):
    (chunk,) = read(written(tmp_path, text))
    assert chunk.files == ["a.jpg", "b.jpg"]
    assert chunk.latitude.tolist() == [48.5, -33.5]
    assert chunk.longitude.tolist() == [2.25, 151]


def test_a_list_without_files_has_coordinates_only(tmp_path):
    (chunk,) = read(written(tmp_path, "LAT,LON\n1,2\n"))
    assert chunk.files is None


def test_chunks_are_the_file_in_order(tmp_path):
    text = "LAT,LON\n" + "".join(f"{i / 2},{i}\n" for i in range(103))
    chunks = read(written(tmp_path, text), rows=10)
    assert [len(chunk.latitude) for chunk in chunks] == [10] * 10 + [3]
    assert np.concatenate([chunk.longitude for chunk in chunks]).tolist() == list(range(103))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("\n", "the file is empty"),
        ("LAT,LON\n", "no rows below the header"),
        (
            "file,x,y\na,1,2\n",
            r"no column for latitude \(latitude or lat\) nor for longitude .* among file, x, y",
        ),
        (
            "file,lat,y\na,1,2\n",
            r"no column for longitude \(longitude or lon or lng\) among file, lat, y",
        ),
        ("48.8,2.3\n48.9,2.4\n", "no column for latitude .* name the columns in the first line"),
        (
            "LAT,LON\n1,120\n\n91,2\n",
            "line 4: latitude 91 is outside -90 to 90; correct the row",
        ),
        ("LAT,LON\n1,2\n1,-181\n", "line 3: longitude -181 is outside -180 to 180; correct"),
        ("LAT,LON\n1,2\n1,285.5\n", "line 3: longitude 285.5 .* counted eastwards from 0 to 360"),
        ("LAT,LON\n1,-2\n1,285.5\n", "line 3: longitude 285.5 .*; correct the row"),
        (
            "LAT,LON\n139,35\n2,48\n",
            "line 2: latitude 139 .*; 1 of 2 .* seem to be exchanged",
        ),
        ("file,lat,LAT,lon\na,1,3,2\n", "line 1: columns of the same name: lat; rename one"),
        ("LAT,LON\n1,2\nnan,2\n", "line 3: latitude nan is not finite"),
        ("LAT,LON\n1,2\n1,inf\n", "line 3: longitude inf is not finite"),
        ("LAT,LON\n1,2\n ,2\n", "line 3: latitude is blank"),
        ("LAT,LON\n1,2\n1,x\n", "line 3: longitude 'x' is not a number"),
        ("LAT,LON\n1,2\n1,4_1\n", "line 3: longitude '4_1' is not a number"),
        ("LAT,LON\n1,2\n1\n", "line 3: 1 field, but the header names 2"),
        ("LAT,LON\n1,2\n48,85,2,3\n", "line 3: 4 fields, but the header names 2"),
        ('file,LAT,LON\n"a\nb",1,2\n"c",1,x\n', "line 4: longitude 'x'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, said):
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=said) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))


def test_the_line_is_right_in_later_chunks(tmp_path):
    path = written(tmp_path, "LAT,LON\n" + "1,2\n" * 50 + "1,oops\n")
    with pytest.raises(InputError, match="line 52: longitude 'oops'"):
        read(path, rows=7)


def test_one_typing_error_does_not_make_columns_exchanged(tmp_path):
    path = written(tmp_path, "LAT,LON\n" + "48,2\n" * 50 + "148,2\n")
    with pytest.raises(
        InputError, match=re.escape("line 52: latitude 148 is outside -90 to 90; correct")
    ):
        read(path)


def test_exchanged_columns_of_the_whole_world_are_told(tmp_path, shared):
    lines = (shared / "geo_coords" / "coordinates_100k.csv").read_text().splitlines()
    path = written(tmp_path, "\n".join(["LON,LAT", *lines[1:]]))
    with pytest.raises(InputError, match=r"of 65,536 latitudes are out of range, .* exchanged"):
        read(path)


def test_files_that_are_not_lists_are_refused(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="not a CSV file in UTF-8"):
        read(written(tmp_path, "file,LAT,LON\né,1,2\n", encoding="latin-1"))


def test_spreadsheets_of_countries_with_a_decimal_comma(tmp_path):
    path = tmp_path / "x.csv"
    for text, said in (
        ("file;latitude;longitude\na.jpg;48,8;2,3\n", "line 1: .*separated by semicolons"),
        ('file,latitude,longitude\na.jpg,"48,8","2,3"\n', "line 2: .*with a point: 48.8"),
        ("file,latitude,longitude\na.jpg,48,8,2,3\n", "line 2: 5 fields, .*with a point"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=said):
            list(read_coordinates(path))
