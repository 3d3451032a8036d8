"""The backgrounds behind objects, and where in each which objects belong: `tables/zones.csv`."""

from collections.abc import Callable
from dataclasses import dataclass

from tasks.samples.backdrop import Backdrop
from tasks.samples.drawing.colors import DAY, EVENING, NIGHT, Color, Tint, dark, light, mix, near
from tasks.samples.drawing.shapes import box
from tasks.samples.kinds import KINDS, Kind
from tasks.samples.tables import rows_by

_HAZE: Color = (188, 212, 226)


@dataclass(frozen=True)
class Zone:
    """A band of the frame that some kinds of object belong in, named "car, bus".

    `far` and `close` are heights (0 top, 1 bottom) of the foot of what stands or floats, and of the
    middle of what hangs, lies or flies. On ground and water, small things are placed farther away.
    """

    names: str
    far: float
    close: float
    rest: str  # stand, float, hang, lie or fly
    largest: float  # side, as a fraction of the frame's shorter one
    smallest: float

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that belong here."""
        return tuple(KINDS[name] for name in self.names.split(", "))


@dataclass(frozen=True)
class Scene:
    """The zones of a drawn background and the tint of its light."""

    zones: tuple[Zone, ...]
    tint: Tint = DAY


_ZONES = rows_by("zones", "scene")
_NUMBERS = ("far", "close", "largest", "smallest")


def _zones(scene: str, **heights: float) -> tuple[Zone, ...]:
    """Return a scene's zones, given the heights of its horizon or whatever they are measured from.

    A row's `far` is so far below `from`, and its `close` below `to`.
    """
    heights["top"] = 0.0
    zones = []
    for row in _ZONES[scene]:
        far, close, largest, smallest = (float(row[key]) for key in _NUMBERS)
        far, close = heights[row["from"]] + far, heights[row["to"]] + close
        zones.append(Zone(row["kinds"], far, close, row["rest"], largest, smallest))
    return tuple(zones)


Draw = Callable[[Backdrop], Scene]


def meadow(on: Backdrop) -> Scene:
    """Hills, trees and grass under a day or evening sky."""
    horizon = on.rng.uniform(0.42, 0.6)
    evening = on.daylight(horizon)
    green = on.some("greens", 10)
    if on.rng.random() < 0.4:
        on.hills(horizon, 0.24, mix((112, 132, 164), _HAZE, 0.4), peaks=True)
    for i in range(2):
        on.hills(horizon + 0.04 * i, 0.13, mix(dark(green, 0.12), _HAZE, 0.45 - 0.3 * i))
    leaf = on.some("leaves")
    woods, feet = ("round-tree", "round-tree", "pine"), (horizon, horizon + 0.05)
    on.trees(woods, int(on.rng.integers(0, 6)), feet, (0.12, 0.26), leaf)
    on.hills(horizon + 0.06, 0.04, green)
    on.grass(horizon + 0.06, green, blooms=on.rng.random() < 0.6)
    return Scene(_zones("meadow", horizon=horizon), EVENING if evening else DAY)


def beach(on: Backdrop) -> Scene:
    """Sea between sky and sand."""
    horizon, shore = on.rng.uniform(0.3, 0.42), on.rng.uniform(0.64, 0.76)
    evening = on.daylight(horizon)
    if on.rng.random() < 0.4:
        on.hills(horizon + 0.01, 0.1, (136, 166, 178))
    far, close = on.gradient("bay")
    if evening:
        far, close = mix(far, (200, 110, 110), 0.3), mix(close, (252, 190, 140), 0.35)
    on.sea((horizon, shore + 0.06), far, close)
    on.sand(shore)
    return Scene(_zones("beach", horizon=horizon, shore=shore), EVENING if evening else DAY)


def lake(on: Backdrop) -> Scene:
    """Mountains behind open water, by day or under the moon."""
    horizon = on.rng.uniform(0.36, 0.5)
    tint, ridge, far, close = DAY, (110, 138, 160), (120, 180, 206), (52, 118, 168)
    if on.rng.random() < 0.35:
        on.night(horizon)
        tint, ridge, far, close = NIGHT, (52, 56, 104), (64, 76, 136), (32, 42, 94)
    elif on.daylight(horizon):
        tint, ridge, far, close = EVENING, (122, 104, 140), (236, 168, 136), (104, 96, 150)
    on.hills(horizon + 0.02, 0.26, ridge, peaks=True)
    on.hills(horizon + 0.02, 0.08, mix(ridge, (60, 110, 80), 0.5))
    on.sea((horizon, 1.01), far, close)
    return Scene(_zones("lake", horizon=horizon), tint)


def snow(on: Backdrop) -> Scene:
    """Snow on hills and firs, falling or fallen."""
    horizon = on.rng.uniform(0.42, 0.56)
    on.sky(horizon, *on.gradient("snow"))
    on.hills(horizon, 0.26, (150, 172, 200), peaks=True)
    for i in range(2):
        on.hills(horizon + 0.05 * i, 0.1, mix((206, 220, 238), (240, 244, 250), 0.5 * i))
    firs, feet = int(on.rng.integers(3, 9)), (horizon, horizon + 0.08)
    on.trees(("pine",), firs, feet, (0.14, 0.32), snow=True)
    on.hills(horizon + 0.08, 0.04, (240, 245, 252))
    if on.rng.random() < 0.7:
        on.snowfall()
    return Scene(_zones("snow", horizon=horizon), (0.97, 0.98, 1.0))


def street(on: Backdrop) -> Scene:
    """A row of houses, a pavement and a road, by day or by night."""
    kerb, dark_out = on.rng.uniform(0.64, 0.74), on.rng.random() < 0.25
    if dark_out:
        on.night(kerb)
    tint = NIGHT if dark_out else EVENING if on.daylight(kerb) else DAY
    x = on.rng.uniform(-0.1, 0.1)
    while x < on.aspect + 0.1:
        size = on.rng.uniform(0.26, 0.42)
        if on.rng.random() < 0.82:
            facade, house = on.some("facades"), f"house-{on.rng.integers(3) + 1}"
            colors: dict[str, Color] = {"facade": facade}
            if dark_out:
                facade = mix(facade, (44, 50, 92), 0.68)
                colors = {"facade": facade, "roof": (54, 50, 80), "pane": (62, 78, 112)}
            choices = {} if dark_out else {"lamp": False}
            on.put(house, x, kerb - 0.08, size, colors, choices)
        else:
            leaf = mix((96, 146, 82), (24, 32, 70), 0.6 if dark_out else 0)
            on.put("round-tree", x, kerb - 0.07, on.rng.uniform(0.3, 0.42), {"leaf": leaf})
        x += on.rng.uniform(0.95, 1.1) * size
    on.road(kerb, (62, 64, 96) if dark_out else near(on.rng, (122, 122, 132), 10))
    return Scene(_zones("street", kerb=kerb), tint)


def country_road(on: Backdrop) -> Scene:
    """A road through fields."""
    horizon, kerb = on.rng.uniform(0.4, 0.5), on.rng.uniform(0.6, 0.68)
    evening = on.daylight(horizon)
    green = on.some("fields", 10)
    for i in range(3):
        on.hills(horizon + 0.05 * i, 0.12, mix(dark(green, 0.1), _HAZE, 0.5 - 0.22 * i))
    count, feet = int(on.rng.integers(2, 7)), (kerb - 0.13, kerb - 0.09)
    on.trees(("round-tree",), count, feet, (0.12, 0.22), (92, 144, 84))
    on.road(kerb, near(on.rng, (128, 124, 128), 8))
    return Scene(_zones("country_road", horizon=horizon, kerb=kerb), EVENING if evening else DAY)


def room(on: Backdrop) -> Scene:
    """A papered wall above a sideboard."""
    edge = on.rng.uniform(0.62, 0.76)
    on.wallpaper(edge, on.some("walls", 10))
    if on.rng.random() < 0.4:
        x = (0.22 if on.rng.random() < 0.5 else 0.78) * on.aspect
        on.put("window", x, on.rng.uniform(0.3, 0.34), on.rng.uniform(0.34, 0.44))
    else:
        for side in range(int(on.rng.integers(0, 3))):  # one each side
            x, y = (on.rng.uniform(0.14, 0.36) + 0.5 * side) * on.aspect, on.rng.uniform(0.16, 0.3)
            on.put("painting", x, y, on.rng.uniform(0.16, 0.28))
    on.pen.glow(on.rng.uniform(0.2, 0.8) * on.aspect, 0.2, 0.9, (255, 244, 214), 0.35)
    wood = on.some("woods", 8)
    on.planks((-0.01, edge, on.aspect + 0.01, 1.01), wood)
    on.band(edge - 0.008, edge + 0.008, light(wood, 0.4))
    return Scene(_zones("room", edge=edge))


def shelves(on: Backdrop) -> Scene:
    """Two boards on a papered wall."""
    on.wallpaper(1.01, on.some("walls", 10))
    on.pen.glow(on.rng.uniform(0.2, 0.8) * on.aspect, 0.1, 0.9, (255, 244, 214), 0.35)
    wood = on.some("woods", 8)
    upper, lower = on.rng.uniform(0.42, 0.48), on.rng.uniform(0.87, 0.93)
    for edge in (upper, lower):
        on.pen.shape(
            box(-0.01, edge + 0.03, on.aspect + 0.01, edge + 0.075), (*dark(wood, 0.7), 70)
        )
        on.planks((-0.01, edge - 0.025, on.aspect + 0.01, edge + 0.012), wood)
        on.band(edge + 0.012, edge + 0.04, dark(wood, 0.3))
    return Scene(_zones("shelves", upper=upper, lower=lower))


def tabletop(on: Backdrop) -> Scene:
    """A table from above: cloth or boards."""
    if on.rng.random() < 0.5:
        on.gingham(on.some("cloths", 10))
    else:
        wood, upright = on.some("woods", 10), on.rng.random() < 0.5
        on.planks((-0.01, -0.01, on.aspect + 0.01, 1.01), wood, upright)
    on.pen.glow(on.rng.uniform(0, on.aspect), on.rng.uniform(0, 0.4), 1.0, (255, 246, 220), 0.35)
    return Scene(_zones("tabletop"))


# how often a picture shows each
SCENES = {
    meadow: 0.14,
    beach: 0.11,
    lake: 0.07,
    snow: 0.07,
    street: 0.15,
    country_road: 0.07,
    room: 0.16,
    shelves: 0.11,
    tabletop: 0.12,
}
