"""The objects of the drawn samples: a drawing function each, and how they may be posed."""

from collections.abc import Callable
from dataclasses import dataclass

from tasks.samples.drawing.colors import Rng
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.objects.birds import bird, flying_bird
from tasks.samples.objects.cats import cat
from tasks.samples.objects.craft import airplane, boat
from tasks.samples.objects.food import apple, banana, donut
from tasks.samples.objects.household import alarm_clock, cup, wall_clock
from tasks.samples.objects.pizza import pizza
from tasks.samples.objects.plants import potted_plant, vase
from tasks.samples.objects.play import kite, sports_ball, teddy_bear
from tasks.samples.objects.road import bus, car
from tasks.samples.objects.street import stop_sign, traffic_light, umbrella


@dataclass(frozen=True)
class Kind:
    """One way an object appears: what draws it and how it may be posed."""

    category_id: int  # COCO's own id, 1..90
    draw: Callable[[ObjectPen, Rng], None]
    size: float  # relative to other objects in a scene
    share: float  # weight when a scene offers it: evens out the categories
    tilt: float = 4.0  # degrees, standard deviation
    stretch: float = 0.07  # of the aspect ratio, standard deviation of its logarithm
    mirror: bool = True
    flat: bool = False  # lies on its back wherever it is put
    turns: bool = False  # at any angle when it lies on a table
    above: float = 1.2  # how far up and down props reach, in the drawing's units
    below: float = 1.2
    foot: float = 1.0  # share of its width that is near the ground and shades it
    on_pole: bool = False  # a prop carries it, and that pole's foot is on the ground


CAR = Kind(3, car, size=1.15, share=1.7, tilt=2)
AIRPLANE = Kind(5, airplane, size=1.2, share=0.6, tilt=8)
BUS = Kind(6, bus, size=1.3, share=2.7, tilt=1)
BOAT = Kind(9, boat, size=1.05, share=1.2, tilt=4)
TRAFFIC_LIGHT = Kind(10, traffic_light, size=0.95, share=1.4, tilt=1, below=2.7, on_pole=True)
STOP_SIGN = Kind(
    13, stop_sign, size=0.75, share=1.1, tilt=4, stretch=0.04, mirror=False, below=2.7, on_pole=True
)
BIRD = Kind(16, bird, size=0.85, share=0.4, tilt=5)
FLYING_BIRD = Kind(16, flying_bird, size=0.85, share=0.3, tilt=10)
CAT = Kind(17, cat, size=0.95, share=0.9, tilt=2)
UMBRELLA = Kind(28, umbrella, size=1.15, share=1.5, tilt=12, foot=0.4)
SPORTS_BALL = Kind(37, sports_ball, size=0.65, share=1.2, tilt=0, stretch=0.02)
KITE = Kind(38, kite, size=1.05, share=0.8, tilt=16, below=2.5)
CUP = Kind(47, cup, size=0.8, share=0.8, tilt=2)
BANANA = Kind(52, banana, size=0.9, share=0.9, tilt=8, turns=True)
APPLE = Kind(53, apple, size=0.7, share=0.6, tilt=6)
PIZZA = Kind(59, pizza, size=1.0, share=1.3, tilt=20, stretch=0.03, flat=True, turns=True)
DONUT = Kind(60, donut, size=0.8, share=1.3, tilt=20, stretch=0.03, flat=True, turns=True)
POTTED_PLANT = Kind(64, potted_plant, size=1.05, share=0.8, tilt=2)
WALL_CLOCK = Kind(85, wall_clock, size=0.75, share=1.7, tilt=2, stretch=0.02, mirror=False)
ALARM_CLOCK = Kind(85, alarm_clock, size=0.85, share=0.7, tilt=2, stretch=0.04, mirror=False)
VASE = Kind(86, vase, size=0.95, share=1.3, tilt=2, above=2.1)
TEDDY_BEAR = Kind(88, teddy_bear, size=1.0, share=0.6, tilt=3)
