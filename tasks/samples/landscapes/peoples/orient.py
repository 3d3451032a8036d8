"""From the Maghreb to Mongolia."""

from dataclasses import replace
from functools import partial

from tasks.samples.landscapes.peoples.people import (
    People,
)
from tasks.samples.landscapes.things import (
    animals,
    boats,
    dwellings,
    houses,
    temples,
    towers,
    traffic,
)

_blue_mosque = partial(temples.mosque, wall=(226, 222, 214), dome=(110, 128, 146))
_kasbah = partial(
    dwellings.cube, walls=((196, 118, 80), (206, 142, 96)), storeys=(2, 4), crown=True
)

ORIENT = People(
    "palearctic",
    homes=(dwellings.sand_cube, _kasbah),
    town=(dwellings.sand_cube, dwellings.sand_cube, _kasbah),
    landmarks=(temples.mosque, temples.mosque, temples.square_minaret),
    poles="lattice",
    paved=0.8,
    crops=("wheat",),
    beasts=(animals.camel, animals.camel, animals.sheep),
    game=(animals.camel,),
    boat=boats.dhow,
    traffic=(traffic.taxi, traffic.car, traffic.van),
)
TURKEY = replace(
    ORIENT,
    homes=(houses.whitewashed, dwellings.sand_cube),
    town=(houses.stucco_block, houses.stucco_block, houses.whitewashed),
    landmarks=(_blue_mosque,),
    beasts=(animals.sheep, animals.sheep, animals.horse),
    game=(animals.sheep,),
    boat=boats.sail,
)
EGYPT = replace(
    ORIENT,
    homes=(dwellings.mud_cube, dwellings.sand_cube),
    town=(dwellings.sand_cube, dwellings.mud_cube),
    landmarks=(towers.pyramids, towers.pyramids, temples.mosque),
)
GULF = replace(
    ORIENT,
    homes=(dwellings.sand_cube,),
    town=(dwellings.sand_cube, houses.white_tower),
    landmarks=(_blue_mosque,),
    skyline=(houses.glass_tower, houses.glass_tower, houses.white_tower),
    traffic=(traffic.pickup, traffic.car, traffic.taxi),
)
TURAN = People(
    "inner_asia",
    homes=(dwellings.sand_cube, dwellings.mud_cube),
    town=(houses.panel_block, dwellings.sand_cube, dwellings.sand_cube),
    landmarks=(temples.madrasa,),
    edge=None,
    paved=0.7,
    poles="concrete",
    crops=("wheat", "plough"),
    beasts=(animals.horse, animals.bactrian, animals.sheep),
    game=(animals.bactrian,),
)
MONGOL = People(
    "inner_asia",
    homes=(dwellings.yurt,),
    town=(dwellings.yurt, houses.panel_block),
    edge=None,
    paved=0.3,
    beasts=(animals.horse, animals.horse, animals.bactrian, animals.sheep),
    game=(animals.bactrian, animals.horse),
)
