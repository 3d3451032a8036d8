"""Australia, the Pacific and Antarctica."""

from functools import partial

from tasks.samples.landscapes.peoples.people import (
    DIAMOND,
    YELLOW,
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
from tasks.samples.landscapes.things.walls import WHITEWASH

_homestead = partial(houses.verandah, walls=(WHITEWASH, (226, 206, 160)))
_brick_cottage = partial(
    houses.cottage,
    walls=((176, 98, 72), (206, 160, 120)),
    roofs=((168, 84, 66), (110, 100, 104)),
    pitch=0.6,
)
_weatherboard = partial(
    houses.cottage,
    walls=(WHITEWASH, (206, 216, 206)),
    roofs=((70, 120, 96), (168, 60, 50)),
    trim=WHITEWASH,
)
_bure = partial(dwellings.stilted, legs=0.0, steep=1.5)

AUSTRALIA = People(
    "australasia",
    homes=(_homestead, _homestead, towers.windpump),
    town=(_homestead, _brick_cottage),
    landmarks=(churches.stone_church,),
    skyline=(houses.glass_tower,),
    left=True,
    edge=None,
    paved=0.6,
    sign=DIAMOND,
    fence="wire",
    crops=("wheat", "vines"),
    beasts=(animals.kangaroo, animals.sheep),
    game=(animals.kangaroo, animals.kangaroo, animals.emu),
    traffic=(traffic.pickup, traffic.car),
)
ZEALAND = People(
    "australasia",
    homes=(_weatherboard,),
    town=(_weatherboard,),
    landmarks=(churches.wooden_church,),
    left=True,
    sign=DIAMOND,
    fence="wire",
    crops=("vines",),
    beasts=(animals.sheep, animals.sheep, animals.sheep),
    game=(animals.sheep,),
)
HAWAII = People(
    "oceania",
    homes=(_weatherboard, _bure),
    town=(_weatherboard, houses.white_tower),
    landmarks=(churches.wooden_church,),
    skyline=(houses.white_tower,),
    centre=YELLOW,
    double=True,
    sign=DIAMOND,
    crops=("corn",),
    beasts=(animals.cow,),
    traffic=(traffic.pickup, traffic.car, traffic.school_bus),
)
PACIFIC = People(
    "oceania",
    homes=(_bure,),
    town=(houses.tin_roofed, houses.antillean),
    landmarks=(churches.wooden_church,),
    left=True,
    edge=None,
    paved=0.5,
    crops=(),
    beasts=(animals.horse,),
    boat=boats.outrigger,
    traffic=(traffic.van, traffic.car),
)
STATION = People(
    "antarctic",
    homes=(dwellings.cabin,),
    town=(dwellings.cabin,),
    poles="",
    paved=0,
    edge=None,
    game=(animals.penguins,),
    boat=boats.trawler,
    traffic=(traffic.snowcat,),
)
