"""Rooms and tables."""

from tasks.samples import objects as o
from tasks.samples.drawing.colors import Color, Rng, any_of, dark, light, near
from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import box
from tasks.samples.scenery.indoors import bunting, gingham, picture, planks, wallpaper, window
from tasks.samples.scenes.scene import Scene, Zone

WALLS: tuple[Color, ...] = (
    (226, 196, 168),
    (168, 200, 196),
    (196, 206, 226),
    (238, 214, 150),
    (214, 176, 180),
    (150, 174, 150),
    (120, 134, 164),
)
WOODS: tuple[Color, ...] = (
    (186, 134, 88),
    (150, 102, 68),
    (214, 176, 130),
    (112, 82, 66),
    (226, 222, 214),
)


def room(pen: Pen, rng: Rng, aspect: float) -> Scene:
    """A papered wall above a sideboard."""
    edge = rng.uniform(0.62, 0.76)
    wallpaper(pen, rng, aspect, edge, near(rng, any_of(rng, WALLS), 10))
    choice = rng.random()
    if choice < 0.35:
        width, margin = rng.uniform(0.26, 0.4), rng.uniform(0.08, 0.2)
        x = margin if rng.random() < 0.5 else aspect - width - margin
        curtain = near(rng, any_of(rng, WALLS), 20)
        window(pen, rng, x, rng.uniform(0.08, 0.14), width, rng.uniform(0.34, 0.42), curtain)
    elif choice < 0.65:
        for side in range(int(rng.integers(1, 3))):  # one each side
            x, y = (rng.uniform(0.05, 0.24) + 0.5 * side) * aspect, rng.uniform(0.06, 0.25)
            picture(pen, rng, x, y, rng.uniform(0.16, 0.26), rng.uniform(0.14, 0.22))
    elif choice < 0.8:
        bunting(pen, rng, aspect)
    pen.glow(rng.uniform(0.2, 0.8) * aspect, 0.2, 0.9, (255, 244, 214), 0.35)
    wood = near(rng, any_of(rng, WOODS), 8)
    planks(pen, rng, (-0.01, edge, aspect + 0.01, 1.01), wood, upright=False)
    pen.shape(box(-0.01, edge - 0.008, aspect + 0.01, edge + 0.008), light(wood, 0.4))
    living = (o.CUP, o.VASE, o.POTTED_PLANT, o.TEDDY_BEAR, o.ALARM_CLOCK, o.CAT)
    food = (o.APPLE, o.BANANA, o.DONUT, o.PIZZA)
    zones = (
        Zone((o.WALL_CLOCK,), 0.18, edge - 0.24, "hang", 0.5),
        Zone((*living, *food), edge + 0.05, 0.99),
    )
    return Scene(zones)


def shelves(pen: Pen, rng: Rng, aspect: float) -> Scene:
    """Two boards on a papered wall."""
    wallpaper(pen, rng, aspect, 1.01, near(rng, any_of(rng, WALLS), 10))
    pen.glow(rng.uniform(0.2, 0.8) * aspect, 0.1, 0.9, (255, 244, 214), 0.35)
    wood = near(rng, any_of(rng, WOODS), 8)
    upper, lower = rng.uniform(0.42, 0.48), rng.uniform(0.87, 0.93)
    zones = []
    for edge in (upper, lower):
        pen.shape(box(-0.01, edge + 0.03, aspect + 0.01, edge + 0.075), (*dark(wood, 0.7), 70))
        planks(pen, rng, (-0.01, edge - 0.025, aspect + 0.01, edge + 0.012), wood, upright=False)
        pen.shape(box(-0.01, edge + 0.012, aspect + 0.01, edge + 0.04), dark(wood, 0.3))
        kept = (o.CUP, o.VASE, o.POTTED_PLANT, o.TEDDY_BEAR, o.ALARM_CLOCK, o.APPLE)
        zones.append(Zone(kept, edge - 0.01, edge + 0.01, "stand", 0.38))
    return Scene(tuple(zones))


def tabletop(pen: Pen, rng: Rng, aspect: float) -> Scene:
    """A table from above: cloth or boards."""
    if rng.random() < 0.5:
        reds = ((206, 66, 62), (66, 118, 176), (96, 158, 104), (236, 178, 70), (206, 120, 150))
        gingham(pen, rng, aspect, near(rng, any_of(rng, reds), 10))
    else:
        wood = near(rng, any_of(rng, WOODS), 10)
        planks(pen, rng, (-0.01, -0.01, aspect + 0.01, 1.01), wood, upright=rng.random() < 0.5)
    pen.glow(rng.uniform(0, aspect), rng.uniform(0, 0.4), 1.0, (255, 246, 220), 0.35)
    food = (o.PIZZA, o.DONUT, o.CUP, o.BANANA, o.APPLE)
    return Scene((Zone(food, 0.12, 0.88, "lie", 1.1),))
