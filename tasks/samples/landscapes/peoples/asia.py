"""South and East Asia."""

from functools import partial

from tasks.samples.landscapes.peoples.people import (
    BLACK_TRIANGLE,
    DIAMOND,
    YELLOW,
    People,
)
from tasks.samples.landscapes.things import (
    animals,
    boats,
    dwellings,
    houses,
    temples,
    traffic,
)
from tasks.samples.landscapes.things.walls import WHITEWASH

_indian_cube = partial(
    dwellings.cube, walls=((244, 196, 130), (130, 196, 190), (236, 150, 150)), storeys=(2, 3)
)
_chinese_hall = partial(
    temples.upturned, walls=((196, 70, 52), (226, 216, 200)), roofs=((92, 100, 106), (222, 164, 52))
)
_pagoda = partial(
    temples.upturned, walls=((240, 230, 212), (176, 70, 52)), roofs=((70, 82, 88),), tiers=4
)
_minka = partial(
    houses.cottage,
    walls=((232, 224, 206), (150, 124, 100)),
    roofs=((72, 78, 92), (84, 84, 92)),
    trim=(92, 70, 58),
    pitch=0.75,
    eaves=1.1,
    hipped=1.6,
    storeys=2,
)
_tiled = partial(
    houses.cottage,
    walls=(WHITEWASH, (222, 206, 180)),
    roofs=((206, 96, 56),),
    pitch=0.7,
    eaves=1.0,
    width=8,
)

INDIA = People(
    "indomalaya",
    homes=(_indian_cube, houses.tin_roofed),
    town=(_indian_cube, _indian_cube, houses.concrete_block),
    landmarks=(temples.gopuram,),
    left=True,
    edge=None,
    paved=0.6,
    poles="concrete",
    crops=("tea", "rice", "rape"),
    beasts=(animals.zebu, animals.zebu, animals.buffalo),
    game=(animals.elephant,),
    boat=boats.outrigger,
    traffic=(traffic.tuk_tuk, traffic.tuk_tuk, traffic.bus, traffic.scooter),
    boards="upright",
)
NEPAL = People(
    "indomalaya",
    homes=(houses.tin_roofed, houses.brick_house),
    town=(_indian_cube, houses.brick_house),
    landmarks=(temples.stupa,),
    left=True,
    edge=None,
    paved=0.3,
    crops=("rice", "rape", "tea"),
    beasts=(animals.yak, animals.buffalo),
    game=(animals.yak,),
    traffic=(traffic.tuk_tuk, traffic.scooter, traffic.bus),
    boards="upright",
)
CHINA = People(
    "east_asia",
    homes=(_chinese_hall,),
    town=(_chinese_hall, houses.panel_block),
    landmarks=(_pagoda,),
    skyline=(houses.glass_tower, houses.panel_block, houses.white_tower),
    centre=YELLOW,
    double=True,
    sign=BLACK_TRIANGLE,
    poles="concrete",
    crops=("rice", "rice", "tea"),
    beasts=(animals.buffalo,),
    boat=boats.junk,
    traffic=(traffic.scooter, traffic.car, traffic.bus),
    boards="upright",
)
JAPAN = People(
    "east_asia",
    homes=(_minka,),
    town=(_minka, _minka, houses.concrete_block),
    landmarks=(temples.torii, _pagoda),
    skyline=(houses.glass_tower,),
    left=True,
    sign=DIAMOND,
    poles="concrete",
    crops=("rice", "rice", "tea"),
    boat=boats.trawler,
    traffic=(traffic.kei, traffic.kei, traffic.taxi),
    boards="upright",
)
SIAM = People(
    "indomalaya",
    homes=(dwellings.stilted,),
    town=(dwellings.stilted, houses.concrete_block, houses.tin_roofed),
    landmarks=(temples.thai_hall,),
    left=True,
    centre=YELLOW,
    sign=DIAMOND,
    paved=0.7,
    poles="concrete",
    crops=("rice",),
    beasts=(animals.buffalo, animals.buffalo),
    game=(animals.elephant,),
    boat=boats.longtail,
    traffic=(traffic.tuk_tuk, traffic.scooter, traffic.taxi),
    boards="upright",
)
MALAY = People(
    "indomalaya",
    homes=(dwellings.horned, dwellings.stilted),
    town=(dwellings.horned, _tiled, _tiled),
    landmarks=(temples.split_gate, temples.mosque),
    left=True,
    edge=None,
    paved=0.6,
    sign=DIAMOND,
    crops=("rice", "rice", "tea"),
    beasts=(animals.buffalo,),
    boat=boats.outrigger,
    traffic=(traffic.scooter, traffic.scooter, traffic.van),
)
