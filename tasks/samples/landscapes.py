"""Pictures of a place: open country, a town, the coast or the wild, at some moment.

`tables/reliefs.csv` says what rises on the horizon, `tables/views.csv` what stands before it: how
many (trees as a share of the biome's) and how many metres away. Positions in the frame are in units
of its height. The ground is level: a thing `distance` metres away has its foot `eye / distance`
below the horizon and is drawn at 1 / `distance` units per metre, as with a focal length equal to
the picture's height.
"""

from dataclasses import dataclass

import numpy as np

from tasks.samples.backdrop import Backdrop
from tasks.samples.drawing.art import art
from tasks.samples.drawing.colors import COLORS, DAY, GRADIENTS, Color, Rng, any_of, dark, mix, near
from tasks.samples.drawing.pen import Size
from tasks.samples.drawing.shapes import ring
from tasks.samples.earth import Place
from tasks.samples.lit_pen import LitPen
from tasks.samples.moment import SNOW, Moment, moment
from tasks.samples.tables import rows_by, table

BIOMES = {row["biome"]: row for row in table("biomes")}
RELIEFS = rows_by("reliefs", "relief")
VIEWS = rows_by("views", "view")
# how far down the frame the horizon is, and the eye's height in metres; the sea is seen from above
_HORIZONS = {"country": (0.4, 0.52), "town": (0.46, 0.54), "coast": (0.36, 0.46)}
_EYES = {"coast": (7.0, 12.0)}
_TWIGS: Color = (146, 126, 106)
_SHADE = (26, 30, 60, 70)
# the least mean temperature in °C at which the sea has its colours
_SEAS = {"warm sea": 21.0, "mild sea": 12.5, "cold sea": -99.0}


@dataclass(frozen=True)
class View(Backdrop):
    """A picture in the making."""

    pen: LitPen
    kind: str
    place: Place
    now: Moment
    horizon: float
    eye: float  # metres above the ground

    @property
    def green(self) -> Color:
        """The colour of the ground with its plants, without snow."""
        share = float(BIOMES[self.place.climate.biome]["green"])
        return mix(COLORS["soil"][self.place.soil], self.now.grass, share)

    @property
    def ground(self) -> Color:
        """The colour of the ground, or of the snow on it."""
        return SNOW if self.now.snow else self.green


def begin(frame: Size, place: Place, rng: Rng, kind: str = "country") -> View:
    """Return a view of a kind in a frame (width, height), at some moment, with its sky."""
    now, (width, height) = moment(place.climate, rng), frame
    horizon = rng.uniform(*_HORIZONS.get(kind, (0.4, 0.54)))
    eye = rng.uniform(*_EYES.get(kind, (2.6, 4.2)))
    pen = LitPen(frame, now.light, now.horizon)
    view = View(pen, rng, width / height, kind, place, now, horizon, eye)
    sky(view)
    return view


def draw_view(frame: Size, place: Place, rng: Rng) -> LitPen:
    """Draw what is seen at a place, at some moment, in a frame (width, height)."""
    kind = rng.choice(list(VIEWS), p=np.divide(place.views, sum(place.views)))
    view = begin(frame, place, rng, str(kind))
    finish(view)
    return view.pen


def finish(view: View) -> None:
    """Draw all but the sky of a view."""
    relief(view)
    shore = coast(view) if view.kind == "coast" else None
    if shore is None:
        plane(view)
    for distance, x, name in sorted(things(view, shore), reverse=True):
        stand(view, distance, x, name)
    if view.now.falling:
        view.snowfall()


def sky(view: View) -> None:
    """The sky above the horizon with sun, clouds or stars."""
    pen, rng, now, aspect = view.pen, view.rng, view.now, view.aspect
    with pen.seen(tint=DAY):
        view.sky(view.horizon, now.zenith, now.horizon)
        if now.sun < -4 and now.cloud < 0.6:
            view.stars(0.8 * view.horizon)
        if 0 < now.sun < 40 and now.cloud < 0.6 and rng.random() < 0.45:
            y = view.horizon * max(0.1, 0.95 - now.sun / 28)
            view.sun(rng.uniform(0.05, 0.95) * aspect, y, 0.045, (255, 214, 130))
        tone = mix(mix(now.horizon, (255, 255, 255), 0.55), (150, 156, 170), 0.5 * now.cloud)
        count = round(9 * now.cloud * rng.uniform(0.5, 1.2))
        view.clouds(0.85 * view.horizon, count, tone)


def relief(view: View) -> None:
    """What rises on the horizon, from far to near, with snow down to the snow line."""
    rng, foot = view.rng, view.horizon + 0.01
    slope = mix(SNOW, (96, 116, 120), 0.14) if view.now.snow else dark(view.green, 0.14)
    for row in RELIEFS[view.place.relief]:
        tall, wide, count = float(row["tall"]), float(row["wide"]), int(row["count"])
        with view.pen.seen(float(row["haze"])):
            if row["art"] == "hills":
                view.hills(foot, tall, near(rng, slope, 6))
                continue
            rock = mix(COLORS["rock"][row["rock"]], view.green, 0.35)
            colors = {"rock": near(rng, rock, 8), "foot": view.green}
            colors["green"] = near(rng, dark(view.now.grass, 0.2), 8)
            for i in range(abs(count)):
                x = rng.uniform(-0.05, 0.05) + (i + rng.uniform(0.1, 0.9)) * view.aspect / count
                size, side = tall * rng.uniform(0.5, 1.0), rng.choice((-1.0, 1.0))
                if count < 0:  # walls that close in from both sides
                    side, x = 2.0 * i - 1, (0.5 + 0.5 * (i - 0.5)) * view.aspect
                matrix = np.diag((side * wide * size, size))
                cap = {"cap": _cap(view, float(row["summit"]) * size / tall)}
                art(f"relief/{row['art']}").draw(view.pen, rng, matrix, (x, foot), colors, cap)


def _cap(view: View, summit: float) -> str:
    """How much of something that rises `summit` km is under snow."""
    snowy = 1 - view.now.snowline / summit if summit else 0.0
    return ("none", "low", "middle", "deep")[int(np.clip(np.ceil(3.2 * snowy), 0, 3))]


def plane(view: View) -> None:
    """The level ground: its uneven colour and its grass, or a street below the houses of a town."""
    pen, rng, ground, soil = view.pen, view.rng, view.ground, COLORS["soil"][view.place.soil]
    view.band(view.horizon, 1.01, (mix(ground, pen.haze, 0.35), ground))
    if not view.now.snow:
        for y in view.horizon + (1 - view.horizon) * rng.random(6) ** 2:
            x, wide = rng.uniform(0, view.aspect), 0.1 + 1.2 * (y - view.horizon)
            tone = soil if rng.random() < 0.5 else view.now.grass
            pen.shape(ring(x, y, wide, 0.12 * wide, count=20), (*tone, 70))
        view.grass(view.horizon + 0.03, ground, blooms=False, count=36)
    if view.kind == "town":
        tone = SNOW if view.now.snow else mix(soil, (128, 126, 130), 0.4)
        view.band(view.horizon + view.eye / 15, 1.01, (dark(tone, 0.1), tone))


def coast(view: View) -> float:
    """The sea and a beach, coloured by the climate, with ice where it is cold; return the shore."""
    rng, mean, shore = view.rng, view.place.climate.mean, view.rng.uniform(0.66, 0.76)
    tones = GRADIENTS[next(sea for sea, least in _SEAS.items() if mean > least)][0]
    cloud = 0.15 + 0.35 * view.now.cloud
    far, close = (near(rng, mix(tone, view.now.horizon, cloud), 8) for tone in tones)
    view.sea((view.horizon, shore + 0.06), far, close)
    for d in np.sort(rng.random(int(rng.integers(6, 18)) * (mean < -3))):
        x, y = rng.uniform(0, view.aspect), view.horizon + (shore - view.horizon) * d
        size = rng.uniform(0.2, 1) * (0.03 + 0.08 * d)
        matrix = np.diag((size, size * rng.uniform(0.1, 1)))
        art("relief/iceberg").draw(view.pen, rng, matrix, (x, y))
    sand: Color = (246, 230, 194) if mean > 21 else (226, 200, 152) if mean > 9 else (150, 144, 134)
    sand = SNOW if view.now.snow else (92, 86, 88) if view.place.soil == "black" else sand
    view.sand(shore, sand)
    return shore


def things(view: View, shore: float | None) -> list[tuple[float, float, str]]:
    """Return what stands in a view as distances, x and names of `art/land`.

    At the coast it stands on one side of the frame, on the land before the shore.
    """
    rng, place, found = view.rng, view.place, []
    trees, low = place.grows()
    names = {"trees": trees, "low": low, "homes": place.built("homes")}
    names |= {"houses": place.built("town"), "landmarks": place.built("landmarks")}
    cover, side = int(BIOMES[place.climate.biome]["trees"]), rng.choice((-1, 1))
    for row in VIEWS[view.kind]:
        what, near_by, far = names[row["what"]], float(row["near"]), float(row["far"])
        count = rng.uniform(float(row["least"]), float(row["most"]))
        for _ in range(round(count * (cover if row["what"] == "trees" else 1)) if what else 0):
            distance = float(np.exp(rng.uniform(np.log(near_by), np.log(far))))
            x = float(rng.uniform(0, view.aspect))
            if shore is not None:
                distance *= 0.024 * view.eye / (shore - view.horizon)
                x = view.aspect / 2 + side * (0.1 + 0.42 * x)
            found.append((distance, x, any_of(rng, what)))
    if view.kind == "town":
        found += _row(view, names["houses"])
    return found


def _row(view: View, houses: list[str]) -> list[tuple[float, float, str]]:
    """Houses side by side along a street."""
    rng, found = view.rng, []
    distance, x = rng.uniform(17, 24), rng.uniform(-0.1, 0.15)
    while x < view.aspect + 0.15:
        name = any_of(rng, houses)
        half = 0.9 * art(f"land/{name}").metres / distance
        found.append((float(distance * rng.uniform(0.97, 1.03)), float(x + half), name))
        x += 2 * half + rng.uniform(0.0, 0.05)
    return found


def stand(view: View, distance: float, x: float, name: str) -> None:
    """Draw one thing on the ground with its shadow, through the air between."""
    now, picture, foot = view.now, art(f"land/{name}"), view.horizon + view.eye / distance
    size, haze = picture.metres / distance, float(1 - np.exp(-distance * now.haze / 700))
    with view.pen.seen(haze, 0.45 * now.snow):
        if now.sun > 2 and now.cloud < 0.7 and size > 0.05:
            view.pen.shape(ring(x + 0.2 * size, foot, 0.5 * size, 0.05 * size), _SHADE)
        matrix = size * np.diag((view.rng.choice((-1.0, 1.0)), 1.0))
        colors = {"leaf": now.leaf or _TWIGS, "grass": now.grass}
        picture.draw(view.pen, view.rng, matrix, (x, foot), colors)
