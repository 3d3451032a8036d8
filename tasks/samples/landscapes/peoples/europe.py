"""Europe and the north of Asia."""

from functools import partial

from tasks.samples.landscapes.peoples.people import (
    YELLOW_TRIANGLE,
    People,
)
from tasks.samples.landscapes.things import (
    animals,
    boats,
    churches,
    dwellings,
    houses,
    towers,
    traffic,
)
from tasks.samples.landscapes.things.walls import (
    RED_TILES,
    STUCCO,
    WHITEWASH,
    Colors,
)

_RED_OCHRE: Colors = ((164, 52, 42), (164, 52, 42), (226, 190, 100), (240, 236, 226))
_nordic = partial(
    houses.cottage, walls=_RED_OCHRE, roofs=((92, 74, 72),), trim=WHITEWASH, width=9, storeys=2
)
_thatched = partial(
    houses.cottage,
    walls=(WHITEWASH,),
    roofs=((176, 150, 102), (96, 100, 112)),
    chimney=True,
    pitch=1.1,
)
_half_timbered = partial(
    houses.cottage,
    walls=((244, 234, 212),),
    roofs=((170, 84, 62),),
    storeys=2,
    beams=True,
    pitch=1.3,
)
_stucco = partial(
    houses.cottage,
    walls=STUCCO,
    roofs=RED_TILES,
    storeys=2,
    pitch=0.45,
    trim=(92, 124, 96),
    width=10,
)
_aegean = partial(
    dwellings.cube, walls=((250, 250, 248),), storeys=(1, 2), dome=(44, 98, 190), trim=(44, 98, 190)
)
_izba = partial(
    houses.cottage,
    walls=((146, 110, 78), (124, 96, 74), (92, 134, 150)),
    roofs=((110, 122, 116), (150, 92, 76)),
    trim=(120, 190, 220),
    width=8,
    pitch=1.1,
)

NORDIC = People(
    "palearctic",
    homes=(_nordic,),
    town=(_nordic, _nordic, houses.stucco_block),
    landmarks=(churches.wooden_church,),
    sign=YELLOW_TRIANGLE,
    fence="rail",
    crops=("wheat",),
    beasts=(animals.sheep, animals.horse),
    game=(animals.reindeer, animals.moose),
    boat=boats.trawler,
)
BRITAIN = People(
    "palearctic",
    homes=(_thatched,),
    town=(houses.terrace,),
    landmarks=(churches.stone_church, towers.round_tower),
    left=True,
    fence="stone",
    crops=("rape",),
    beasts=(animals.sheep, animals.sheep, animals.cow),
    boat=boats.sail,
    traffic=(traffic.double_decker, traffic.car, traffic.car),
)
FRANCE = People(
    "palearctic",
    homes=(_half_timbered, _half_timbered, _thatched, towers.windmill),
    town=(houses.mansard, houses.mansard, _half_timbered),
    landmarks=(churches.village_church,),
    fence="hedge",
    poles="concrete",
    crops=("rape", "vines", "wheat", "lavender"),
    beasts=(animals.cow,),
    boards="awnings",
)
ALPINE = People(
    "palearctic",
    homes=(houses.chalet,),
    town=(houses.chalet, houses.chalet, houses.stucco_block),
    landmarks=(churches.alpine_church,),
    poles="",
    fence="rail",
    crops=(),
    beasts=(animals.cow, animals.cow),
    game=(animals.antelope,),
)
LATIN = People(
    "palearctic",
    homes=(_stucco, houses.whitewashed),
    town=(_stucco, _stucco, houses.whitewashed),
    landmarks=(churches.campanile, churches.rotunda),
    poles="lattice",
    crops=("vines", "vines", "sunflower", "lavender"),
    beasts=(animals.sheep,),
    boards="awnings",
    traffic=(traffic.scooter, traffic.car, traffic.car),
)
GREECE = People(
    "palearctic",
    homes=(_aegean,),
    town=(_aegean,),
    landmarks=(towers.windmill,),
    edge=None,
    fence="stone",
    crops=("vines",),
    beasts=(animals.sheep,),
    traffic=(traffic.scooter, traffic.car),
)
SLAVIC = People(
    "east_palearctic",
    homes=(_izba,),
    town=(houses.panel_block, houses.panel_block, _izba),
    landmarks=(churches.onion_church,),
    skyline=(houses.panel_block,),
    paved=0.7,
    edge=None,
    poles="concrete",
    fence="rail",
    crops=("sunflower", "wheat", "plough"),
    beasts=(animals.cow, animals.horse),
    game=(animals.moose,),
    traffic=(traffic.bus, traffic.car, traffic.car),
)
