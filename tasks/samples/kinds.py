"""The objects of the drawn samples: which files of `art/objects` show each, and how it is posed."""

from dataclasses import dataclass, field

from tasks.samples.drawing.art import Choices
from tasks.samples.drawing.colors import Color


@dataclass(frozen=True)
class Kind:
    """One way an object appears: the pictures of it and how it may be posed."""

    category_id: int  # COCO's own id, 1..90
    pictures: str  # names of files; a name twice is twice as frequent
    size: float  # relative to other objects in a scene
    share: float  # weight when a scene offers it: evens out the categories
    tilt: float = 4.0  # degrees, standard deviation
    stretch: float = 0.07  # of the aspect ratio, standard deviation of its logarithm
    mirror: bool = True
    flat: bool = False  # lies on its back wherever it is put
    turns: bool = False  # at any angle when it lies on a table
    above: float = 1.2  # how far up and down props reach, in halves of its side
    below: float = 1.2
    foot: float = 1.0  # share of its width that is near the ground and shades it
    on_pole: bool = False  # a prop carries it, and that pole's foot is on the ground
    folder: str = "objects"
    colors: dict[str, Color] = field(default_factory=dict, hash=False)  # instead of the file's
    choices: Choices = field(default_factory=dict, hash=False)


KINDS = {
    "car": Kind(3, "saloon saloon hatchback estate-car car-front", 1.15, 1.7, tilt=2),
    "airplane": Kind(5, "airliner airliner propeller-plane", 1.2, 0.6, tilt=8),
    "bus": Kind(6, "bus bus double-decker", 1.3, 2.7, tilt=1),
    "boat": Kind(9, "sailing-boat sailing-boat steamer", 1.05, 1.2, tilt=4),
    "traffic light": Kind(10, "traffic-light", 0.95, 1.4, 1, below=2.7, on_pole=True),
    "stop sign": Kind(13, "stop-sign", 0.75, 1.1, 4, 0.04, False, below=2.7, on_pole=True),
    "bird": Kind(16, "songbird", 0.85, 0.4, tilt=5),
    "flying bird": Kind(16, "bird-rising bird-rising bird-gliding", 0.85, 0.3, tilt=10),
    "cat": Kind(17, "cat-sitting cat-walking", 0.95, 0.9, tilt=2),
    "umbrella": Kind(28, "umbrella umbrella parasol", 1.15, 1.5, tilt=12, foot=0.4),
    "ball": Kind(37, "football basketball beach-ball", 0.65, 1.2, tilt=0, stretch=0.02),
    "kite": Kind(38, "kite", 1.05, 0.8, tilt=16, below=2.5),
    "cup": Kind(47, "cup", 0.8, 0.8, tilt=2),
    "banana": Kind(52, "banana bananas", 0.9, 0.9, tilt=8, turns=True),
    "apple": Kind(53, "apple", 0.7, 0.6, tilt=6),
    "pizza": Kind(
        59, "pizza-salami pizza-tomato pizza-cut pizza-slice", 1.0, 1.3, 20, 0.03, True, True, True
    ),
    "donut": Kind(60, "donut", 0.8, 1.3, 20, 0.03, flat=True, turns=True),
    "plant": Kind(64, "foliage-plant cactus bush flower", 1.05, 0.8, tilt=2),
    "wall clock": Kind(85, "wall-clock", 0.75, 1.7, 2, 0.02, mirror=False),
    "alarm clock": Kind(85, "alarm-clock", 0.85, 0.7, 2, 0.04, mirror=False),
    "vase": Kind(86, "vase", 0.95, 1.3, tilt=2, above=2.1),
    "teddy bear": Kind(88, "teddy-bear", 1.0, 0.6, tilt=3),
}
FLOCKING = tuple(KINDS[name] for name in ("flying bird", "kite", "boat"))
PILING = tuple(KINDS[name] for name in ("apple", "donut", "banana"))
