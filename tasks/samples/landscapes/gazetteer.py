"""Where the photographs are taken: places on all continents, with what no formula tells about them.

Photographs cluster where people are, so positions spread around towns by some 60 to 280 km.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np

from tasks.geolocation.sphere import EARTH_RADIUS_KM, directions, unit_vectors
from tasks.samples.drawing.colors import Rng
from tasks.samples.landscapes.climate import Climate, Season

# The columns are the fields of `Place` and `Climate`, abbreviated. The four digits of `views` say
# how often the open country, a street, the coast and the wild are photographed. Weights favour
# Europe, North America and famous places, as photographers do.
_TABLE = """
# place          lat.  long.  km wt. high inland cur. rain season relief   soil   people     views
Anchorage        61.2 -149.9 110 1.0  0.1   0.40    4  450 even   alps     grey   america    4213
Seattle          47.6 -122.1  90 1.3  0.1   0.15    2 1100 winter alps     brown  america    3322
California       36.6 -120.9 110 1.7  0.1   0.15    0  480 winter hills    yellow sunbelt    4231
Arizona          34.0 -111.6 200 1.3  0.4   0.60    2  210 even   mesa     red    sunbelt    5204
Denver           39.6 -105.5 150 1.0  1.7   0.75    2  480 even   alps     brown  america    4203
Iowa             41.9  -92.5 260 1.3  0.3   0.80   -2  900 even   plain    black  america    6300
New_York         41.0  -74.1  90 1.8  0.0   0.55   -2 1200 even   hills    brown  america    2621
Quebec           46.6  -72.2 160 1.2  0.1   0.70   -6 1000 even   hills    brown  america    4203
Florida          26.9  -81.3  90 1.4  0.0   0.35    1 1350 summer plain    sand   sunbelt    2242
Nuuk             64.6  -51.3 120 0.8  0.1   0.10   -1  700 even   fjord    grey   arctic     0343
Mexico_City      19.8 -100.2 180 1.5  2.1   0.30    2  700 summer volcano  brown  mexico     4402
Havana           22.3  -79.6  90 1.0  0.1   0.20    1 1300 summer hills    red    antilles   3431
Costa_Rica       10.0  -84.2  60 0.8  0.6   0.00    1 2500 even   volcano  brown  antilles   4233
Manaus           -3.2  -60.3 240 1.0  0.1   0.00    0 2300 even   plain    red    brazil     3205
Rio             -22.6  -43.5 100 1.7  0.2   0.15    1 1400 summer karst    red    brazil     2441
Cusco           -13.6  -71.8 170 1.3  3.4   0.00    1  700 summer alps     brown  andes      5303
Atacama         -23.3  -69.2 200 0.8  1.0   0.20   -2   20 even   volcano  yellow andes      4215
Buenos_Aires    -35.2  -59.6 220 1.4  0.0   0.35    0 1000 even   plain    black  plata      5401
Patagonia       -50.4  -71.9 180 0.9  0.4   0.15    3  400 even   alps     brown  plata      4114
Iceland          64.4  -19.6 100 1.1  0.2   0.10    6  950 even   volcano  black  nordic     4224
Ireland          53.2   -8.1  80 1.1  0.1   0.10    4 1000 even   hills    brown  britain    6330
London           51.9   -1.2  80 1.7  0.0   0.15    3  700 even   hills    brown  britain    4610
Paris            48.0    2.4 130 1.5  0.1   0.30    2  700 even   hills    brown  france     5500
Germany          51.4    8.9 140 1.3  0.1   0.30    3  780 even   hills    brown  france     5501
Alps             46.7    9.6 110 1.3  1.1   0.45    3 1100 even   alps     grey   alpine     6203
Andalusia        37.5   -4.6 110 1.4  0.3   0.35    1  520 winter hills    red    latin      5420
Tuscany          43.2   11.5  90 1.5  0.2   0.30    2  720 winter hills    yellow latin      5510
Norway           61.3    7.4 110 1.1  0.2   0.25    6 1600 even   fjord    grey   nordic     3242
Finland          62.2   25.2 220 1.1  0.1   0.50    5  620 even   plain    brown  nordic     4214
Cyclades         37.1   25.2 100 1.3  0.1   0.20    1  420 winter hills    yellow greece     1450
Ukraine          49.4   31.4 240 1.2  0.1   0.60    0  600 even   plain    black  slavic     6400
Moscow           56.0   37.9 220 1.3  0.1   0.60    2  690 even   plain    brown  slavic     3503
Anatolia         39.1   33.2 210 1.2  0.9   0.50    2  390 winter hills    yellow turkey     5402
Morocco          31.7   -7.2 170 1.2  0.6   0.40    2  260 winter alps     red    orient     4413
Egypt            27.3   31.6 230 1.4  0.1   0.50    0   15 even   dunes    sand   egypt      3404
Dubai            24.6   55.1  90 1.0  0.0   0.45    4   80 winter dunes    sand   gulf       2423
Sahel            14.2   -3.8 280 0.8  0.2   0.35    3  500 summer mesa     sand   sahel      5303
Ghana             6.6   -1.0 130 0.9  0.1   0.05    0 1300 summer hills    red    sahel      4422
Congo             0.5   23.6 280 0.8  0.3   0.00    0 1900 even   plain    red    congo      3205
Kenya            -2.1   36.1 220 1.4  1.4   0.00    1  800 summer volcano  red    safari     3206
Namibia         -23.6   16.6 220 0.8  1.0   0.35    1  180 summer dunes    sand   safari     4106
Cape_Town       -33.6   19.6  90 1.3  0.2   0.25    0  620 winter mesa     brown  safari     5322
Madagascar      -19.2   46.4 150 0.7  0.6   0.15    0 1300 summer hills    red    madagascar 5303
Samarkand        39.8   65.8 240 0.8  0.5   0.75    2  330 winter alps     yellow turan      4402
Mongolia         47.6  105.8 260 0.9  1.2   0.95   -4  270 summer hills    yellow mongol     6103
Siberia          55.6   84.6 280 0.8  0.1   0.85   -3  480 even   plain    black  slavic     4304
Yakutia          62.4  130.2 280 0.7  0.1   1.00   -7  330 summer hills    brown  slavic     3205
Chukotka         66.4  179.6 280 0.8  0.1   0.30   -2  350 even   hills    grey   arctic     2234
Rajasthan        26.8   74.6 220 1.5  0.3   0.80    3  480 summer hills    sand   india      4502
Kerala           10.1   76.9  80 1.3  0.2   0.05    0 2300 summer hills    red    india      5331
Nepal            28.0   84.6 150 1.1  1.7   0.45    2 1500 summer himalaya brown  nepal      6302
Beijing          39.7  115.8 230 1.4  0.2   0.75   -1  560 summer hills    yellow china      4501
Guilin           25.0  110.4 160 1.3  0.2   0.55   -1 1700 even   karst    red    china      5401
Kyoto            35.3  136.2 120 1.8  0.1   0.40    0 1600 even   volcano  brown  japan      5611
Thailand         15.6  101.2 230 1.3  0.1   0.15    1 1200 summer karst    brown  siam       4431
Borneo            1.3  113.2 240 0.8  0.2   0.00    0 3100 even   hills    red    malay      3215
Bali             -8.2  113.4 120 1.5  0.2   0.10    0 1900 summer volcano  brown  malay      6331
Outback         -24.6  133.6 280 1.3  0.5   0.50    0  280 summer mesa     red    australia  5106
Sydney          -34.6  150.1 110 1.6  0.2   0.25    0  950 even   hills    yellow australia  4432
New_Zealand     -43.6  171.2 110 1.3  0.2   0.10    0  950 even   alps     brown  zealand    6223
Fiji            -17.6  179.4 150 0.8  0.1   0.10    0 2700 even   volcano  red    pacific    2162
Hawaii           20.6 -156.9 130 1.0  0.1   0.10    0 2300 even   volcano  black  hawaii     2252
Tahiti          -17.2 -149.9 150 0.7  0.1   0.10    0 2400 even   volcano  black  pacific    1162
McMurdo         -77.7  167.2 220 0.7  0.1   0.20    0  200 even   alps     grey   station    0145
Antarctic_Coast -64.8  -62.7 200 0.8  0.1   0.10   -4  600 even   fjord    grey   station    0163
"""


@dataclass(frozen=True)
class Place:
    """One row of the table."""

    name: str
    latitude: float  # degrees
    longitude: float
    spread: float  # km, standard deviation of the positions in each direction
    weight: float
    climate: Climate
    relief: str
    soil: str
    people: str
    views: tuple[float, ...]  # weights of country, street, coast, wild

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


def _place(row: str) -> Place:
    name, latitude, longitude, spread, weight, *rest = row.split()
    height, inland, current, rain, season, relief, soil, people, views = rest
    return Place(
        name=name.replace("_", " "),
        latitude=float(latitude),
        longitude=float(longitude),
        spread=float(spread),
        weight=float(weight),
        climate=Climate(
            latitude=float(latitude),
            height=float(height),
            inland=float(inland),
            current=float(current),
            rain=float(rain),
            season=cast(Season, season),
        ),
        relief=relief,
        soil=soil,
        people=people,
        views=tuple(map(float, views)),
    )


PLACES: tuple[Place, ...] = tuple(
    _place(row) for row in _TABLE.strip().splitlines() if not row.startswith("#")
)
