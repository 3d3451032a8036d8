"""Africa south of the Sahara."""

from tasks.samples.landscapes.peoples.people import YELLOW, People
from tasks.samples.landscapes.things import (
    animals,
    boats,
    churches,
    dwellings,
    houses,
    temples,
    towers,
    traffic,
)

SAHEL = People(
    "west_africa",
    homes=(dwellings.round_hut, dwellings.mud_cube),
    town=(houses.tin_roofed, houses.tin_roofed, dwellings.mud_cube),
    landmarks=(temples.mud_mosque,),
    edge=None,
    paved=0.3,
    crops=("corn",),
    beasts=(animals.zebu, animals.zebu),
    game=(animals.antelope, animals.elephant),
    boat=boats.outrigger,
    traffic=(traffic.van, traffic.scooter, traffic.taxi),
)
MADAGASCAR = People(
    "west_africa",
    homes=(houses.brick_house, houses.brick_house, dwellings.round_hut),
    town=(houses.brick_house,),
    landmarks=(churches.stone_church,),
    edge=None,
    paved=0.4,
    crops=("rice", "rice", "corn"),
    beasts=(animals.zebu,),
    boat=boats.outrigger,
    traffic=(traffic.van, traffic.scooter),
)
CONGO = People(
    "west_africa",
    homes=(dwellings.round_hut, houses.tin_roofed),
    town=(houses.tin_roofed, houses.tin_roofed, dwellings.painted_cube),
    landmarks=(churches.mission,),
    edge=None,
    paved=0.2,
    crops=("corn",),
    beasts=(animals.zebu,),
    game=(animals.elephant, animals.antelope),
    boat=boats.outrigger,
    traffic=(traffic.van, traffic.scooter, traffic.taxi),
)
SAFARI = People(
    "afrotropic",
    homes=(dwellings.round_hut, houses.tin_roofed, houses.cape_dutch, towers.windpump),
    town=(houses.tin_roofed, houses.cape_dutch),
    landmarks=(churches.wooden_church,),
    left=True,
    edge=YELLOW,
    paved=0.5,
    fence="wire",
    crops=("vines",),
    beasts=(animals.zebu, animals.antelope),
    game=(animals.giraffe, animals.zebra, animals.elephant, animals.antelope, animals.ostrich),
    traffic=(traffic.van, traffic.pickup, traffic.car),
)
