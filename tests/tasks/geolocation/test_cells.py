import re
import tracemalloc
from collections import Counter

import numpy as np
import pytest
import s2geometry
from PIL import Image

from backbone.errors import InputError
from tasks.geolocation import cells, s2
from tasks.geolocation.cells import FINEST_LEVEL, Counts, build_partition
from tasks.geolocation.coordinates import Coordinates
from tasks.geolocation.partition import Partition
from tasks.geolocation.sphere import great_circle_km, unit_vectors
from tests.conftest import call
from tests.tasks.geolocation.conftest import chunks


def split_by_hand(places, t_max, t_min, max_level):
    """The paper's words, with the library's cells, one photograph at a time."""
    leaves = [s2geometry.S2CellId(s2geometry.S2LatLng.FromDegrees(*p)) for p in places.tolist()]
    kept, dropped = {}, []

    def visit(cell, inside):
        if len(inside) > t_max and cell.level() < max_level:
            for quarter in range(4):
                child = cell.child(quarter)
                visit(child, [i for i in inside if child.contains(leaves[i])])
        elif len(inside) >= t_min:
            kept[cell.id()] = inside
        elif inside:
            dropped.append(len(inside))

    for face in range(6):
        cell = s2geometry.S2CellId(face << 61 | 1 << 60)
        visit(cell, [i for i, leaf in enumerate(leaves) if cell.contains(leaf)])
    return kept, dropped


@pytest.mark.parametrize(
    ("t_max", "t_min", "max_level"),
    [(100, 5, 8), (20, 1, 13), (40, 10, 3), (9999, 1, 8), (1, 1, 0)],
)
def test_the_tree_is_the_papers(places, t_max, t_min, max_level):
    places = places[:-224:2]  # off the seams, where the last bit of a cosine may choose the side
    expected, dropped = split_by_hand(places, t_max, t_min, max_level)
    partition = build_partition(chunks(places), t_max, t_min, max_level)
    assert partition.cells.tolist() == sorted(expected)
    assert partition.counts.tolist() == [len(expected[cell]) for cell in sorted(expected)]
    assert (partition.dropped_cells, partition.dropped_photographs) == (len(dropped), sum(dropped))
    for cell, centre in zip(sorted(expected), partition.centres, strict=True):
        mean = unit_vectors(*places[expected[cell]].T).mean(axis=0)
        latitude, longitude = np.degrees(
            [np.arcsin(mean[2] / np.linalg.norm(mean)), np.arctan2(*mean[1::-1])]
        )
        assert great_circle_km(latitude, longitude, *centre) < 1e-3  # km


def test_every_photograph_is_in_one_cell_or_dropped(places):
    partition = build_partition(chunks(places), 100, 5, 10)
    first, last = s2.ranges(partition.cells)
    assert (last[:-1] < first[1:]).all()  # disjoint, and in order
    ids = s2.cell_ids(*places.T, s2.LEAF)
    inside = (first <= ids[:, None]) & (ids[:, None] <= last)
    assert inside.sum(axis=1).max() == 1
    index = partition.cell_of(*places.T)
    assert (index == np.where(inside.any(axis=1), inside.argmax(axis=1), -1)).all()
    assert (np.bincount(index[index >= 0], minlength=len(partition)) == partition.counts).all()
    assert (index < 0).sum() == partition.dropped_photographs > 0
    assert partition.counts.sum() + partition.dropped_photographs == len(places)


def test_nothing_dropped_covers_the_photographs(places):
    partition = build_partition(chunks(places), 50, 1, 10)
    assert (partition.cell_of(*places.T) >= 0).all()
    assert partition.dropped_cells == partition.dropped_photographs == 0


def test_thresholds_are_honoured(places):
    partition = build_partition(chunks(places), 60, 7, 6)
    assert partition.counts.min() >= 7
    assert partition.levels.max() == 6
    assert partition.counts[partition.levels < 6].max() <= 60 < partition.counts.max()


def test_neighbours_across_the_antimeridian_and_at_the_poles_share_a_cell():
    places = np.array([(0.1, 180), (0.1, -180), (0.1, 179.9999999), (0.1, -179.9999999)])
    partition = build_partition(chunks(places), 4, 1, 8)
    index = partition.cell_of(*places.T)
    assert index[0] == index[1]  # one place with two names
    assert partition.counts.tolist() == [4]
    one = build_partition(chunks(places[:2]), 1, 1, 13)
    assert one.counts.tolist() == [2]
    assert abs(one.centres[0, 1]) == 180
    poles = np.array([(90.0, longitude) for longitude in (-180, -90, 0, 45, 180)])
    for sign in (1, -1):
        partition = build_partition(chunks(poles * [sign, 1]), 1, 1, 13)
        assert partition.counts.tolist() == [5]
        assert partition.centres[0, 0] == sign * 90


@pytest.mark.parametrize("size", [1, 37, 10_000])
def test_order_and_chunks_do_not_change_a_byte(tmp_path, places, size):
    places = places[: 400 if size == 1 else None]
    build_partition(chunks(places), 50, 3, 9).save(tmp_path / "a")
    shuffled = np.random.default_rng(size).permutation(places)
    build_partition(chunks(shuffled, size), 50, 3, 9).save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_sums_are_exact(places):
    one, other = Counts(3), Counts(3)
    for chunk in chunks(places):
        one.add(chunk)
    for chunk in chunks(places[::-1], 333):
        other.add(chunk)
    assert (one.sums == other.sums).all()
    assert (one.cells == other.cells).all()
    mean = one.sums.sum(axis=0) * cells.FRACTION / len(places)
    assert mean == pytest.approx(unit_vectors(*places.T).mean(axis=0), abs=cells.FRACTION)


def test_real_photographs_in_another_order(shared):
    path = shared / "geo_coords" / "coordinates_100k.csv"
    places = np.loadtxt(path, delimiter=",", skiprows=1)
    one = build_partition(cells.read_coordinates(path), 500, 10)
    other = build_partition(chunks(np.random.default_rng(0).permutation(places), 9_999), 500, 10)
    assert one.hash == other.hash
    assert (len(one), one.dropped_cells, one.dropped_photographs) == (540, 65, 321)
    index = one.cell_of(*places.T)
    assert (np.bincount(index[index >= 0]) == one.counts).all()


def test_memory_does_not_grow_with_the_photographs():
    def peak(number):
        rng = np.random.default_rng(0)
        counts = Counts(4)  # 1,536 cells
        tracemalloc.start()
        for _ in range(number):
            counts.add(Coordinates(None, rng.uniform(-90, 90, 5000), rng.uniform(-180, 180, 5000)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert counts.counts.sum() == number * 5000
        return peak

    peak(1)
    assert peak(40) < 1.1 * peak(4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((10, 20, 8), "1 <= t_min <= t_max, not 20 and 10"),
        ((10, 0, 8), "1 <= t_min <= t_max, not 0 and 10"),
        ((10, 1, FINEST_LEVEL + 1), f"from 0 to {FINEST_LEVEL}, not {FINEST_LEVEL + 1}"),
        ((10, 1, -1), "not -1"),
        ((5000, 5000, 8), "no cell contains t_min = 5000 photographs; .* of 6,224: lower t_min"),
    ],
)
def test_settings_out_of_range(places, arguments, said):
    with pytest.raises(InputError, match=said):
        build_partition(chunks(places), *arguments)
    with pytest.raises(InputError, match="no coordinates"):
        build_partition([], 10, 1)


@pytest.mark.slow
def test_command_writes_the_file_and_a_map(tmp_path, places):
    source = tmp_path / "photos.csv"
    np.savetxt(source, places, "%.9f", ",", header="LAT,LON", comments="")
    output = tmp_path / "new" / "cells.safetensors"
    out = call(cells.main, source, "--t-max", 100, "--t-min", 5, "--output", output).out
    partition = Partition.load(output)
    assert partition.photographs == len(places)
    assert partition.max_level == cells.DEFAULT_LEVEL
    assert f"{len(partition):,}, the smallest of" in out
    assert f"{partition.dropped_cells:,} cells with {partition.dropped_photographs:,}" in out
    assert partition.hash in out
    by_level = Counter(partition.levels.tolist())
    assert all(f"level {level}      {number:,}\n" in out for level, number in by_level.items())
    with Image.open(output.with_suffix(".png")) as picture:
        assert picture.width > 2000
    assert sorted(path.name for path in output.parent.iterdir()) == [
        "cells.png",
        "cells.safetensors",
    ]


@pytest.mark.parametrize(
    ("source", "output", "said"),
    [
        ("photos.csv", "cells.png", "another name, such as .*cells.safetensors"),
        ("photos.csv", "cells.PNG", "the map of the partition gets this name"),
        ("photos.csv", "photos.csv", "would replace .*photos.csv, which holds the coordinates"),
        ("photos.csv", "link", "would replace .*photos.csv, which holds the coordinates"),
        ("photos.png", "photos.safetensors", "would replace .*photos.png, which holds the coord"),
        ("photos.csv", ".", "is a folder: give the name of a file"),
    ],
)
def test_outputs_that_would_replace_something(tmp_path, source, output, said):
    path = tmp_path / source
    path.write_text("LAT,LON\n1,2\n1,2\n")
    (tmp_path / "link").symlink_to(path)
    before = sorted(tmp_path.iterdir())
    given = (path, "--t-max", 1, "--t-min", 1, "--output", tmp_path / output)
    assert re.search(said, call(cells.main, *given, code=2).err)
    assert sorted(tmp_path.iterdir()) == before
    assert path.read_text() == "LAT,LON\n1,2\n1,2\n"


def test_an_output_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "photos.csv").write_text("LAT,LON\n1,2\n")
    source, output = tmp_path / "photos.csv", tmp_path / "photos.csv" / "cells"
    answer = call(cells.main, source, "--t-max", 1, "--t-min", 1, "--output", output, code=2)
    (line,) = answer.err.splitlines()
    assert line.startswith("error: ")


def test_command_answers_a_mistake_with_its_line_and_2(tmp_path):
    source, output = tmp_path / "photos.csv", tmp_path / "cells.safetensors"
    source.write_text("LAT,LON\n1,2\n95,2\n")
    answer = call(cells.main, source, "--t-max", 1, "--t-min", 1, "--output", output, code=2)
    assert answer.err.startswith(f"error: {source}, line 3: latitude 95")
    assert list(tmp_path.iterdir()) == [source]
