"""The Americas."""

from functools import partial

from tasks.samples.landscapes.peoples.people import (
    DIAMOND,
    WHITE,
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
from tasks.samples.landscapes.things.walls import (
    BRIGHT,
    MUD,
    RED_TILES,
    SLATE,
    WHITEWASH,
    Colors,
)

_TIMBER: Colors = ((196, 56, 46), (60, 110, 164), (232, 182, 66), (70, 136, 96))
_clapboard = partial(
    houses.cottage,
    walls=(WHITEWASH, (214, 222, 226), (222, 210, 180)),
    roofs=SLATE,
    storeys=2,
    width=10,
)
_brick_tower = partial(
    houses.block, walls=((168, 102, 80), (150, 120, 100), (190, 150, 110)), floors=(7, 16)
)
_box_house = partial(
    houses.cottage,
    walls=_TIMBER,
    roofs=((88, 84, 92),),
    trim=WHITEWASH,
    width=7.5,
    hipped=0,
    pitch=1.0,
)
_colonial = partial(
    houses.cottage, walls=BRIGHT, roofs=RED_TILES, pitch=0.5, trim=WHITEWASH, width=8, hipped=0.2
)
_andean = partial(houses.cottage, walls=MUD, roofs=RED_TILES, pitch=0.6, width=8)

AMERICA = People(
    "nearctic",
    homes=(_clapboard, houses.barn, houses.barn),
    town=(_clapboard, _brick_tower, _brick_tower),
    landmarks=(churches.wooden_church, towers.water_tower),
    skyline=(houses.glass_tower, _brick_tower),
    centre=YELLOW,
    double=True,
    sign=DIAMOND,
    fence="rail",
    crops=("corn", "corn", "wheat"),
    beasts=(animals.cow, animals.horse),
    game=(animals.bison, animals.deer),
    traffic=(traffic.pickup, traffic.school_bus, traffic.taxi, traffic.car),
    boards="awnings",
)
SUNBELT = People(
    "nearctic",
    homes=(houses.whitewashed, houses.barn, _clapboard),
    town=(houses.stucco_block, houses.whitewashed, houses.stucco_block),
    landmarks=(churches.mission, towers.water_tower),
    skyline=(houses.glass_tower, houses.white_tower),
    centre=YELLOW,
    double=True,
    sign=DIAMOND,
    fence="wire",
    crops=("corn", "vines", "lavender"),
    beasts=(animals.horse, animals.cow),
    game=(animals.deer, animals.horse),
    traffic=(traffic.pickup, traffic.school_bus, traffic.car, traffic.car),
    boards="awnings",
)
ARCTIC = People(
    "nearctic",
    homes=(_box_house,),
    town=(_box_house,),
    landmarks=(churches.red_church,),
    paved=0.3,
    poles="wood",
    game=(animals.reindeer,),
    boat=boats.trawler,
)
MEXICO = People(
    "neotropic",
    homes=(dwellings.painted_cube, dwellings.mud_cube),
    town=(dwellings.painted_cube, dwellings.painted_cube, _colonial),
    landmarks=(churches.mission,),
    centre=YELLOW,
    edge=WHITE,
    paved=0.7,
    sign=DIAMOND,
    poles="concrete",
    crops=("corn",),
    beasts=(animals.horse, animals.zebu),
    traffic=(traffic.pickup, traffic.car, traffic.bus),
    boards="awnings",
)
ANTILLES = People(
    "neotropic",
    homes=(houses.antillean,),
    town=(houses.antillean, _colonial, _colonial),
    landmarks=(churches.mission,),
    centre=YELLOW,
    edge=None,
    paved=0.7,
    sign=DIAMOND,
    beasts=(animals.zebu, animals.horse),
    boat=boats.sail,
    traffic=(traffic.oldtimer, traffic.oldtimer, traffic.bus),
)
BRAZIL = People(
    "neotropic",
    homes=(_colonial, dwellings.stilted),
    town=(_colonial, houses.concrete_block, houses.concrete_block),
    landmarks=(churches.mission,),
    skyline=(houses.concrete_block, houses.white_tower),
    centre=YELLOW,
    paved=0.5,
    sign=DIAMOND,
    poles="concrete",
    crops=("corn",),
    beasts=(animals.zebu,),
    boat=boats.trawler,
    traffic=(traffic.car, traffic.bus, traffic.van),
)
ANDES = People(
    "andes",
    homes=(_andean,),
    town=(_andean, _colonial, dwellings.painted_cube),
    landmarks=(churches.mission,),
    centre=YELLOW,
    paved=0.4,
    sign=DIAMOND,
    fence="stone",
    crops=("plough", "wheat"),
    beasts=(animals.llama, animals.llama),
    game=(animals.llama,),
    traffic=(traffic.bus, traffic.van, traffic.car),
)
PLATA = People(
    "neotropic",
    homes=(houses.whitewashed, houses.whitewashed, towers.windpump),
    town=(houses.whitewashed, houses.concrete_block, houses.mansard),
    landmarks=(churches.mission,),
    skyline=(houses.concrete_block,),
    centre=YELLOW,
    sign=DIAMOND,
    fence="wire",
    crops=("wheat", "sunflower"),
    beasts=(animals.cow, animals.cow, animals.horse),
    game=(animals.rhea, animals.llama),
    traffic=(traffic.car, traffic.pickup, traffic.bus),
)
