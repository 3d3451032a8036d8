import numpy as np
import pytest
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from tasks.geolocation.cells import build_partition
from tasks.geolocation.coastlines import outlines
from tasks.geolocation.world_map import HEIGHT, WIDTH, WorldMap, draw_counts, project
from tests.tasks.geolocation.conftest import chunks


@pytest.fixture(scope="module")
def partition(places):
    return build_partition(chunks(places), 100, 5)


def pixel(latitude, longitude, shape):
    x, y = project(latitude, longitude)
    return int((0.5 - y / HEIGHT) * shape[0]), int((x / WIDTH + 0.5) * shape[1])


def test_projection_keeps_areas():
    latitude, longitude = np.meshgrid(np.linspace(-89, 89, 50), np.linspace(-179, 179, 7))
    step = 1e-4
    east = np.subtract(project(latitude, longitude + step), project(latitude, longitude))
    north = np.subtract(project(latitude + step, longitude), project(latitude, longitude))
    area = (east[0] * north[1] - east[1] * north[0]) / np.cos(np.radians(latitude))
    assert area == pytest.approx(np.full(area.shape, np.radians(step) ** 2), rel=1e-3)


def test_each_pixel_has_the_cell_of_its_place(partition):
    world = WorldMap(partition, width=1200)
    assert world.cells.shape == (round(1200 * HEIGHT / WIDTH), 1200)
    seen = 0
    for i in np.flatnonzero(partition.levels <= 3):  # far larger than a pixel
        seen += world.cells[pixel(*partition.centres[i], world.cells.shape)] == i
    assert seen >= 0.9 * (partition.levels <= 3).sum() > 10  # a centre may touch the cell's edge
    assert world.cells[0, 0] == world.cells[-1, -1] == -2
    corner = (world.cells == -2).mean()
    assert 0.1 < corner < 0.2  # the map fills its rectangle but for the rounded sides


def test_values_become_colours(partition):
    values = np.full(len(partition), np.nan)
    largest = partition.levels.argmin()
    values[largest] = 1.0
    world = WorldMap(partition, width=1200)
    axes = Figure().add_subplot()
    colors = world.draw(axes, values, Normalize(0, 1), "Reds")
    (image,) = axes.images
    painted = image.get_array()
    assert (painted[world.cells != largest][:, 3] == 0).all()
    inside = painted[(world.cells == largest) & ~world.border]
    assert (inside == colors.to_rgba(1.0, bytes=True)).all()


def test_coastlines_are_where_they_are():
    land = [o for o in outlines(100_000) if not o.lake]
    lakes = [o for o in outlines(300_000) if o.lake]
    assert len(lakes) == 1  # the Caspian Sea
    assert np.abs(lakes[0].points.mean(axis=0) - [42, 51]).max() < 2
    assert len(outlines(600)) > len(outlines(100_000)) > 20
    for outline in land:
        assert (outline.points[0] == outline.points[-1]).all()
        # a shore never runs along the antimeridian
        shore = outline.shore()
        both = np.abs(shore[1:, 1]) + np.abs(shore[:-1, 1])
        assert not (both == 360).any()


def test_picture_of_a_partition_of_one_threshold(tmp_path, places):
    draw_counts(build_partition(chunks(places), 900, 900, 0), tmp_path / "map.png", width=400)
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]
