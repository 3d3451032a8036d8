"""A moment at a place: light, weather, snow, and the colours of leaves and grass."""

from dataclasses import dataclass

import numpy as np

from tasks.samples.drawing.colors import PALETTES, Color, Rng, Tint, any_of, mix, near
from tasks.samples.earth import Climate, sun_height

SNOW: Color = (236, 244, 255)
_DUST: Color = (226, 206, 172)
_DULL: Color = (172, 182, 194)
_LUSH, _DRY, _FROZEN = (104, 158, 72), (204, 184, 112), (164, 150, 108)
_SPRING, _SUMMER = (150, 190, 84), (82, 136, 66)

# the sun's heights in degrees for which palettes tell the light, the zenith and the horizon
_HEIGHTS = (-10, -3, 3, 12, 30, 60)


@dataclass(frozen=True)
class Moment:
    """When a picture is taken, and what that does to its colours."""

    sun: float  # degrees above the horizon
    cloud: float  # share of the sky that is covered
    snow: bool  # on the ground
    snowline: float  # km above the place, where the snow on its mountains begins
    falling: bool  # whether snow is falling
    leaf: Color | None  # colour of deciduous leaves; None if bare
    grass: Color
    light: Tint
    zenith: Color
    horizon: Color
    haze: float  # how soon distant things pale: 0.2 in mountain air, 1 in the wet tropics


def moment(climate: Climate, rng: Rng) -> Moment:
    """Pick a time of the year and of the day, mostly in daylight, and then the weather."""
    month = rng.uniform(0, 12)
    for _ in range(8):  # people take photographs in daylight, where there is any
        hour = rng.normal(13, 3.2)
        sun = sun_height(climate.latitude, month, hour)
        if sun > -1 or rng.random() < 0.1:
            break
    warmth = climate.temperature(month) + rng.normal(0, 2.5)
    wet = _wet(climate, month)
    cloud = float(np.clip(rng.beta(1.2, 1.5) * (0.35 + 0.65 * wet) + 0.15 * wet, 0, 1))
    snow = (warmth < -1 and climate.rain > 150) or climate.koppen == "EF"
    frozen = float(np.clip((4 - warmth) / 10, 0, 0.8))
    haze = 0.3 + 0.35 * wet * (climate.mean > 15) + 0.3 * rng.random()
    horizon = _blend("horizon", sun)
    if climate.biome in ("desert", "steppe"):
        horizon = mix(horizon, _DUST, 0.4 * rng.random())
    dull = mix(_DULL, (60, 66, 92), float(np.clip((4 - sun) / 14, 0, 1)))
    grey = max(0.0, cloud - 0.35) / 0.65  # a few clouds leave the sky blue
    return Moment(
        sun=sun,
        cloud=cloud,
        snow=bool(snow),
        snowline=max(0.0, (warmth + 4) / 6.5),
        falling=bool(snow and cloud > 0.45 and rng.random() < 0.6),
        leaf=_leaf(climate, month, warmth, rng),
        grass=near(rng, mix(mix(_DRY, _LUSH, wet), _FROZEN, frozen), 8),
        light=_light(sun, grey),
        zenith=near(rng, mix(_blend("zenith", sun), dull, 0.85 * grey), 8),
        horizon=near(rng, mix(horizon, dull, 0.6 * grey), 6),
        haze=haze,
    )


def _wet(climate: Climate, month: float) -> float:
    """How wet the ground is, 0 to 1."""
    swing = {"even": 0.0, "summer": -0.55, "winter": 0.55}[climate.season]
    season = 1 + swing * np.cos(np.pi / 6 * (climate.summer(month) - 1))
    return float(np.clip(climate.rain * season / (450 + 38 * max(climate.mean, 0)), 0, 1))


def _leaf(climate: Climate, month: float, warmth: float, rng: Rng) -> Color | None:
    if climate.mean - climate.swing > 9:
        return near(rng, _SUMMER, 14)
    if warmth < 4:
        return None
    season = climate.summer(month)
    if warmth > 13 or climate.mean + climate.swing < 14:
        return near(rng, mix(_SPRING, _SUMMER, float(np.clip((season - 4) / 2, 0, 1))), 12)
    return near(rng, _SPRING if season < 7 else any_of(rng, PALETTES["autumn"]), 12)


def _light(sun: float, grey: float) -> Tint:
    r, g, b = (v / 255 for v in _blend("light", sun))
    dim = 0.9 * (r + g + b) / 3
    r, g, b = (float(v + (dim - v) * grey) for v in (r, g, b))
    return r, g, b


def _blend(palette: str, sun: float) -> Color:
    channels = zip(*PALETTES[palette], strict=True)
    return tuple(round(float(np.interp(sun, _HEIGHTS, channel))) for channel in channels)
