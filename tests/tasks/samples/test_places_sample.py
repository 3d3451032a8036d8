"""The drawn landscapes: in the CSV layout, repeatable, and their look depends on the place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.geolocation.coordinates import Coordinates, read_coordinates
from tasks.geolocation.sphere import great_circle_km
from tasks.samples import places
from tasks.samples.drawing.art import ART, art
from tasks.samples.drawing.colors import COLORS
from tasks.samples.earth import FLORA, PLACES, STYLES, Climate, Place, sun_height
from tasks.samples.landscapes import BIOMES, RELIEFS, VIEWS, View, begin, finish, relief
from tasks.samples.lit_pen import LitPen
from tasks.samples.places import compose
from tests.tasks.samples.sets import SETS

NAMED = {place.name: place for place in PLACES}

# south, north, west, east in degrees, each well inside its continent
CONTINENTS = {
    "North America": (25, 62, -130, -70),
    "South America": (-40, 5, -75, -40),
    "Europe": (36, 62, -10, 40),
    "Africa": (-34, 32, -10, 40),
    "Asia": (10, 65, 60, 140),
    "Australia": (-38, -15, 115, 153),
    "Antarctica": (-90, -62, -180, 180),
}


@pytest.fixture(scope="module")
def drawn(drawn_set) -> Path:
    return drawn_set("places")


def _read(root: Path, split: str) -> Coordinates:
    (rows,) = read_coordinates(root / f"{split}.csv")
    return rows


def _positions(place: Place, count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.array([place.position(rng) for _ in range(count)])


def test_the_sample_has_lists_and_images(drawn):
    train, val = _read(drawn, "train"), _read(drawn, "val")
    assert (drawn / "val.csv").read_text().startswith("file,latitude,longitude\n")
    assert len(train.files) == 15
    assert train.files + val.files == [f"{n}.jpg" for n in range(1, 22)]
    assert {path.name for path in drawn.glob("images/*")} == {*train.files, *val.files}
    sizes = set()
    for name in train.files:
        with Image.open(drawn / "images" / name) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")
            sizes.add(image.size)
    assert (72, 64) in sizes
    assert len(sizes) > 1  # some are upright or square


def test_a_row_says_where_its_picture_was_drawn(drawn, tmp_path):
    val = _read(drawn, "val")
    for i in (0, 5):
        position = places.draw_picture(
            tmp_path / "again.jpg", SETS["places"].small["size"], (0, 1, i)
        )
        assert (val.latitude[i], val.longitude[i]) == position
        assert (tmp_path / "again.jpg").read_bytes() == (
            drawn / "images" / val.files[i]
        ).read_bytes()


def test_places_are_on_every_continent_and_positions_near_them():
    for south, north, west, east in CONTINENTS.values():
        inside = [p for p in PLACES if south < p.latitude < north and west < p.longitude < east]
        assert sum(p.weight for p in inside) > 0.01 * sum(p.weight for p in PLACES)
    for place in PLACES:
        latitude, longitude = _positions(place, 60).T
        assert np.abs(latitude).max() <= 90
        assert np.abs(longitude).max() <= 180
        assert (latitude.round(6) == latitude).all()
        away = great_circle_km(place.latitude, place.longitude, latitude, longitude)
        # the distance of a normal deviate in two directions
        assert np.sqrt((away**2).mean() / 2) == pytest.approx(place.spread, rel=0.35)


@pytest.mark.parametrize("name", ["Fiji", "Chukotka"])
def test_positions_lie_on_both_sides_of_the_antimeridian(name):
    longitude = _positions(NAMED[name], 60)[:, 1]
    assert (longitude > 175).any()
    assert (longitude < -175).any()


def test_the_tables_name_what_there_is():
    biomes = {place.climate.biome for place in PLACES}
    assert biomes <= BIOMES.keys()
    assert biomes <= {biome for realm, biome in FLORA if not realm}
    assert {place.style for place in PLACES} == STYLES.keys()
    assert {place.soil for place in PLACES} == COLORS["soil"].keys()
    assert {place.relief for place in PLACES} == RELIEFS.keys()
    assert {realm for realm, _ in FLORA if realm} <= {row["realm"] for row in STYLES.values()}
    named = {
        name for row in FLORA.values() for key in ("trees", "low") for name in row[key].split()
    }
    for row in STYLES.values():
        assert row["homes"]
        assert row["town"]
        named |= {name for key in list(row)[2:] for name in row[key].split()}
    assert named == {path.stem for path in (ART / "land").glob("*.svg")}


# the classes of Peel, Finlayson and McMahon's map, as far as the model tells them apart
@pytest.mark.parametrize(
    ("koppen", "names"),
    [
        ("Af", "Manaus, Congo, Borneo, Fiji"),
        ("Aw", "Havana, Rio, Kerala, Thailand"),
        ("BW", "Arizona, Atacama, Egypt, Dubai, Namibia, Outback"),
        ("BS", "Sahel, Mongolia, Rajasthan"),
        ("Cs", "California, Andalusia, Tuscany, Cyclades, Cape Town"),
        ("Cf", "London, Paris, Buenos Aires, Guilin, Sydney, New Zealand, New York"),
        ("Cw", "Mexico City, Nepal"),
        ("Df", "Anchorage, Iowa, Quebec, Finland, Moscow, Siberia"),
        ("Dw", "Beijing, Yakutia"),
        ("ET", "Nuuk, Chukotka"),
        ("EF", "McMurdo, Antarctic Coast"),
    ],
)
def test_climates_are_those_on_the_map(koppen, names):
    assert {NAMED[name].climate.koppen for name in names.split(", ")} == {koppen}


@pytest.mark.parametrize(
    ("name", "january", "july"),  # °C, of the towns' published normals
    [("Moscow", -7, 19), ("Yakutia", -38, 19), ("Buenos Aires", 25, 11), ("Manaus", 26, 27)],
)
def test_temperatures_are_near_the_measured_ones(name, january, july):
    climate = NAMED[name].climate
    assert climate.temperature(0.5) == pytest.approx(january, abs=5)
    assert climate.temperature(6.5) == pytest.approx(july, abs=5)


def test_the_sun_stands_where_it_does():
    spring, summer, winter = 2.67, 5.67, 11.67  # 20 March, 20 June, 20 December
    for latitude in (-60, 0, 45):
        assert sun_height(latitude, spring, 12) == pytest.approx(90 - abs(latitude), abs=1)
    assert sun_height(23.44, summer, 12) == pytest.approx(90, abs=0.5)
    assert sun_height(0, spring, 18) == pytest.approx(0, abs=1)
    assert sun_height(70, winter, 12) < 0  # polar night
    assert sun_height(-70, winter, 0) > 0  # midnight sun


def test_seasons_are_opposite_in_the_two_hemispheres():
    north = Climate(48, 0.1, 0.4, 0, 700, "even")
    south = replace(north, latitude=-48)
    assert north.temperature(0) == pytest.approx(south.temperature(6))
    assert north.temperature(6) > north.temperature(0) + 10


def _pictures(name: str, count: int = 20) -> np.ndarray:
    place = NAMED[name]
    rngs = (np.random.default_rng((1, i)) for i in range(count))
    return np.stack([compose(place, place.latitude, (72, 64), rng) for rng in rngs]).astype(int)


def test_the_look_depends_on_the_place():
    def white(pictures: np.ndarray) -> float:  # of the ground
        return float((pictures[:, 32:].min(-1) > 165).mean())

    def green(pictures: np.ndarray) -> float:
        red, middle, blue = np.moveaxis(pictures, -1, 0)
        return float(((middle > red + 6) & (middle > blue + 6)).mean())

    ice, forest, desert = _pictures("McMurdo"), _pictures("Manaus"), _pictures("Egypt")
    assert white(ice) > white(forest) + 0.2
    assert green(forest) > green(desert) + 0.2
    assert green(forest) > green(ice) + 0.2


def test_latitude_alone_changes_the_look():
    place = NAMED["Moscow"]
    one, other = (
        compose(place, latitude, (72, 64), np.random.default_rng(3)) for latitude in (56, 20)
    )
    assert (one != other).any()


def _view(
    place: Place, seed: int, frame: tuple[int, int] = (72, 64), kind: str = "country"
) -> View:
    return begin(frame, place, np.random.default_rng(seed), kind)


@pytest.mark.parametrize("kind", VIEWS)
def test_every_view_draws_among_buildings_of_all_styles(kind):
    for seed, place in enumerate({p.style: p for p in PLACES}.values()):
        view = _view(place, seed, kind=kind)
        before = np.asarray(view.pen.sheet).copy()
        finish(view)
        changed = (np.asarray(view.pen.sheet) != before).any(-1)
        assert changed[round(2 * 64 * view.horizon) + 4 :].mean() > 0.99  # no ground was left out


@pytest.mark.parametrize("name", RELIEFS)
def test_every_relief_rises_above_the_horizon(name):
    view = _view(replace(NAMED["Alps"], relief=name), 1, (96, 80))
    before = np.asarray(view.pen.sheet).copy()
    relief(view)
    rows = (np.asarray(view.pen.sheet) != before).any(-1).any(1)
    assert rows[: round(2 * 80 * view.horizon)].sum() >= 2
    assert not rows[: len(rows) // 20].any()  # and leaves some sky


def test_mountains_are_white_above_the_snow_line_alone():
    def white(snowline: float) -> float:
        view = _view(NAMED["Alps"], 1, (96, 80))
        now = replace(view.now, snowline=snowline, sun=40.0, light=(1.0, 1.0, 1.0))
        view = replace(view, now=now)
        relief(view)
        return float((np.asarray(view.pen.sheet).min(-1) > 200).mean())

    assert white(0.2) > white(1.5) > white(9.0)


@pytest.mark.parametrize("name", sorted(path.stem for path in (ART / "land").glob("*.svg")))
def test_everything_stands_on_the_ground_in_its_own_size(name):
    pen, picture = LitPen((96, 96), (1, 1, 1), (200, 200, 200)), art(f"land/{name}")
    assert 0.3 < picture.metres < 40
    before = np.asarray(pen.sheet).copy()
    picture.draw(pen, np.random.default_rng(0), 0.4 * np.eye(2), (0.5, 0.8))
    rows = np.flatnonzero((np.asarray(pen.sheet) != before).any(-1).any(1))
    assert abs(rows[-1] / 192 - 0.8) < 0.07
    assert rows[0] / 192 < 0.8


def test_haze_and_light_and_frost_change_colours():
    pen = LitPen((64, 64), (0.5, 1.0, 1.0), (100, 100, 100))
    assert pen.lit((200, 100, 50)) == (100, 100, 50)
    with pen.seen(haze=1.0):
        assert pen.lit((200, 100, 50)) == (100, 100, 100)
    with pen.seen(tint=(1.0, 1.0, 1.0)):
        assert pen.lit((200, 100, 50, 70)) == (200, 100, 50, 70)
        with pen.seen(frost=1.0):
            assert pen.lit((200, 100, 50)) == (118, 244, 255)
    assert pen.lit((200, 100, 50)) == (100, 100, 50)
