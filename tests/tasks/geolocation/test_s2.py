import numpy as np
import pytest
import s2geometry

from tasks.geolocation import s2
from tasks.geolocation.coordinates import read_coordinates


def library_cell(latitude, longitude):
    return s2geometry.S2CellId(s2geometry.S2LatLng.FromDegrees(latitude, longitude))


def assert_same_ids(latitude, longitude):
    pairs = zip(latitude.tolist(), longitude.tolist(), strict=True)
    leaves = np.array([library_cell(*pair).id() for pair in pairs], np.uint64)
    assert (s2.cell_ids(latitude, longitude, s2.LEAF) == leaves).all()
    assert (s2.cell_ids(latitude, longitude, 11) == s2.parents(leaves, 11)).all()


def test_ids_are_the_librarys():
    rng = np.random.default_rng(1)
    latitude = np.degrees(np.arcsin(rng.uniform(-1, 1, 30_000)))
    assert_same_ids(latitude, rng.uniform(-180, 180, 30_000))


def test_ids_of_real_photographs_are_the_librarys(shared):
    path = shared / "geo_coords" / "coordinates_100k.csv"
    (whole,) = read_coordinates(path, rows=1 << 17)
    assert_same_ids(whole.latitude, whole.longitude)


@pytest.mark.slow
def test_on_poles_seams_and_the_antimeridian_the_cell_holds_the_point(places):
    # On a seam the last bit of a cosine may choose the side: either cell is right if it holds the
    # point, and the library says whether it does.
    for level in (30, 12, 2):
        ids = s2.cell_ids(*places.T, level)
        for (latitude, longitude), cell in zip(places.tolist(), ids.tolist(), strict=True):
            point = s2geometry.S2LatLng.FromDegrees(latitude, longitude).ToPoint()
            assert s2geometry.S2Cell(s2geometry.S2CellId(cell)).Contains(point)


def test_corners_of_cells_fall_in_a_cell_that_touches_them(places):
    ids = s2.cell_ids(*places[:300].T, 9)
    corners = np.concatenate([s2.corners(cell) for cell in ids])
    for corner, cell in zip(corners.tolist(), s2.cell_ids(*corners.T, 9).tolist(), strict=True):
        point = s2geometry.S2LatLng.FromDegrees(*corner).ToPoint()
        assert s2geometry.S2Cell(s2geometry.S2CellId(cell)).GetDistance(point).degrees() < 1e-12


def test_the_two_sides_of_the_antimeridian_are_one_place():
    latitude = np.linspace(-90, 90, 181)
    west, east = (s2.cell_ids(latitude, np.full(181, side), 13) for side in (-180.0, 180.0))
    assert (west == east).all()


@pytest.mark.parametrize("level", [0, 5, 13, 30])
def test_levels_ranges_and_parents(places, level):
    leaves = s2.cell_ids(*places.T, 30)
    ids = s2.parents(leaves, level)
    cells = [s2geometry.S2CellId(cell) for cell in ids.tolist()]
    assert (s2.cell_levels(ids) == level).all()
    first, last = s2.ranges(ids)
    assert first.tolist() == [cell.range_min().id() for cell in cells]
    assert last.tolist() == [cell.range_max().id() for cell in cells]
    assert ((first <= leaves) & (leaves <= last)).all()
    assert (s2.cell_ids(*places.T, level) == ids).all()


def test_the_six_faces_have_the_area_of_the_earth():
    faces = s2.cell_ids(np.array([0, 0, 90, 0, 0, -90]), np.array([0, 90, 0, 180, -90, 0]), 0)
    assert len(set(faces.tolist())) == 6
    assert sum(map(s2.area_km2, faces)) == pytest.approx(510_065_624, rel=1e-6)


def test_ids_of_cells_are_told_from_other_numbers():
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 2**64 - 1, 500, np.uint64, endpoint=True)
    ends = [0, 1, 2, 5 << 61 | 1, 6 << 61 | 1, 2**64 - 1]
    ids = s2.cell_ids(rng.uniform(-90, 90, 50), rng.uniform(-180, 180, 50), 13)
    numbers = np.concatenate([numbers, np.array(ends, np.uint64), ids, s2.parents(ids, 0)])
    valid = [s2geometry.S2CellId(number).is_valid() for number in numbers.tolist()]
    assert s2.are_cells(numbers).tolist() == valid
    assert 100 < sum(valid) < len(valid)
