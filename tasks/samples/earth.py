"""Where landscapes are, and what that makes of them: climate, plants, buildings, the sun.

Temperature follows a formula that is good to a few degrees. No formula gives the rain, so each
place states its own. The classes are those of Köppen and Geiger (Peel, Finlayson and McMahon
2007, Table 1); the realms of `tables/flora.csv` are Olson's (BioScience 51, 2001), with East Asia
apart from the rest of the Palearctic.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tasks.geolocation.sphere import EARTH_RADIUS_KM, directions, unit_vectors
from tasks.samples.drawing.colors import Rng
from tasks.samples.tables import table

_ARID = {"summer": 280, "even": 140, "winter": 0}  # mm of rain to add to the limit of aridity
_WET = {"even": "f", "summer": "w", "winter": "s"}
_BIOMES = {
    **{"EF": "ice", "ET": "tundra", "BW": "desert", "BS": "steppe", "Af": "rain_forest"},
    "Aw": "savanna",
}
_TILT = 23.44  # degrees, tilt of the Earth's axis


@dataclass(frozen=True)
class Climate:
    """The climate of a place."""

    latitude: float  # degrees
    height: float  # km above the sea
    inland: float  # 0 on an island, 1 in the middle of Asia: how far winter is from summer
    current: float  # K by which sea and wind warm the place
    rain: float  # mm a year
    season: str  # when most of the rain falls: even, summer, winter

    @property
    def mean(self) -> float:
        """The year's mean temperature in °C."""
        return 27 - 0.0075 * self.latitude**2 - 5 * self.height + self.current

    @property
    def swing(self) -> float:
        """How many K the warmest month is above the mean, and the coldest below."""
        return abs(self.latitude) / 12 * (1 + 4 * self.inland)

    def temperature(self, month: float) -> float:
        """The temperature in °C at a time of the year, 0 to 12 from the start of January."""
        return self.mean - self.swing * np.cos(np.pi / 6 * (self.summer(month) - 1))

    def summer(self, month: float) -> float:
        """The time of the year with the same season in the northern hemisphere."""
        return month if self.latitude >= 0 else (month + 6) % 12

    @cached_property
    def koppen(self) -> str:
        """Köppen and Geiger's class: its first two letters, "Af", "BW", "Cs", "ET", ..."""
        coldest, warmest = self.mean - self.swing, self.mean + self.swing
        if warmest < 10:
            return "ET" if warmest > 0 else "EF"
        arid = 20 * self.mean + _ARID[self.season]
        if self.rain < arid:
            return "BW" if self.rain < arid / 2 else "BS"
        if coldest >= 18:
            return "Af" if self.season == "even" else "Aw"
        return ("C" if coldest > 0 else "D") + _WET[self.season]

    @cached_property
    def biome(self) -> str:
        """The biome that belongs to the climate's class."""
        if self.koppen == "Cs" and self.mean > 12.5:
            return "mediterranean"
        if self.koppen in ("Cf", "Cw") and self.mean > 15:
            return "subtropical"
        return _BIOMES.get(self.koppen, "temperate" if self.mean > 3.5 else "boreal")


def sun_height(latitude: float, month: float, hour: float) -> float:
    """How many degrees the sun stands above the horizon, at an hour (0 to 24) of solar time."""
    declination = np.radians(-_TILT * np.cos(np.pi / 6 * (month + 0.33)))
    phi, turn = np.radians(latitude), np.radians(15 * (hour - 12))
    across = np.cos(phi) * np.cos(declination) * np.cos(turn)
    return float(np.degrees(np.arcsin(np.sin(phi) * np.sin(declination) + across)))


@dataclass(frozen=True)
class Place:
    """One row of `tables/places.csv`."""

    name: str
    latitude: float  # degrees
    longitude: float
    spread: float  # km, standard deviation of the positions in each direction
    weight: float  # favours Europe, North America and famous places, as photographers do
    climate: Climate
    relief: str
    soil: str
    style: str  # of the buildings
    views: tuple[float, ...]  # how often the country, a town, the coast and the wild are seen

    def position(self, rng: Rng) -> tuple[float, float]:
        """Pick a latitude and a longitude near the place, in degrees with six decimals.

        The offset is normal in the plane tangent to the sphere at the place, and is then projected
        back onto the sphere. For such spreads this is as good as the von Mises-Fisher distribution,
        also across the antimeridian.
        """
        up = unit_vectors(np.asarray(self.latitude), np.asarray(self.longitude))
        east = unit_vectors(np.asarray(0.0), np.asarray(self.longitude + 90))
        across, along = rng.normal(0, self.spread / EARTH_RADIUS_KM, 2)
        latitude, longitude = directions(up + across * east + along * np.cross(up, east))
        return round(float(latitude), 6), round(float(longitude), 6)

    def grows(self) -> tuple[list[str], list[str]]:
        """Return the trees and the low plants that grow here; one named twice is as frequent."""
        realm, biome = STYLES[self.style]["realm"], self.climate.biome
        row = FLORA.get((realm, biome)) or FLORA["", biome]
        return row["trees"].split(), row["low"].split()

    def built(self, what: str) -> list[str]:
        """Return the buildings of a kind that stand here: homes, town or landmarks."""
        return STYLES[self.style][what].split()


def _place(row: dict[str, str]) -> Place:
    name, *numbers, season, relief, soil, style, views = row.values()
    latitude, longitude, spread, weight, height, inland, current, rain = map(float, numbers)
    here = Climate(latitude, height, inland, current, rain, season)
    about = (here, relief, soil, style, tuple(map(float, views)))
    return Place(name, latitude, longitude, spread, weight, *about)


PLACES = tuple(_place(row) for row in table("places"))
FLORA = {(row["realm"], row["biome"]): row for row in table("flora")}
STYLES = {row["style"]: row for row in table("styles")}
