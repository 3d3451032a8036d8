"""The climate of a place: its temperature over the year, its biome, the height of the sun.

Temperature follows a formula that is good to a few degrees. No formula gives the rain, so each
place states its own. The classes are those of Köppen and Geiger (Peel, Finlayson and McMahon
2007, Table 1).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

Season = Literal["even", "summer", "winter"]  # when most of the rain falls
Biome = Literal[
    "rain_forest",
    "savanna",
    "desert",
    "steppe",
    "mediterranean",
    "subtropical",
    "temperate",
    "boreal",
    "tundra",
    "ice",
]
_ARID = {"summer": 280, "even": 140, "winter": 0}  # mm of rain to add to the limit of aridity
_TILT = 23.44  # degrees, tilt of the Earth's axis


@dataclass(frozen=True)
class Climate:
    """The climate of a place."""

    latitude: float  # degrees
    height: float  # km above the sea
    inland: float  # 0 on an island, 1 in the middle of Asia: how far winter is from summer
    current: float  # K by which sea and wind warm the place
    rain: float  # mm a year
    season: Season

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
        wet = {"even": "f", "summer": "w", "winter": "s"}[self.season]
        return ("C" if coldest > 0 else "D") + wet

    @cached_property
    def biome(self) -> Biome:
        """The biome that belongs to the climate's class."""
        match self.koppen:
            case "EF":
                return "ice"
            case "ET":
                return "tundra"
            case "BW":
                return "desert"
            case "BS":
                return "steppe"
            case "Af":
                return "rain_forest"
            case "Aw":
                return "savanna"
            case "Cs" if self.mean > 12.5:
                return "mediterranean"
            case "Cf" | "Cw" if self.mean > 15:
                return "subtropical"
        return "temperate" if self.mean > 3.5 else "boreal"


def sun_height(latitude: float, month: float, hour: float) -> float:
    """How many degrees the sun stands above the horizon, at an hour (0 to 24) of solar time."""
    declination = np.radians(-_TILT * np.cos(np.pi / 6 * (month + 0.33)))
    phi, turn = np.radians(latitude), np.radians(15 * (hour - 12))
    across = np.cos(phi) * np.cos(declination) * np.cos(turn)
    return float(np.degrees(np.arcsin(np.sin(phi) * np.sin(declination) + across)))
