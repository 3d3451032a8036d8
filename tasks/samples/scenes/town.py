"""Streets and country roads."""

from tasks.samples import objects as o
from tasks.samples.drawing.colors import DAY, EVENING, NIGHT, Color, Rng, any_of, dark, mix, near
from tasks.samples.drawing.pen import Pen
from tasks.samples.scenery.land import hills, round_tree
from tasks.samples.scenery.sky import daylight, night
from tasks.samples.scenery.town import house, road
from tasks.samples.scenes.scene import Scene, Zone


def street(pen: Pen, rng: Rng, aspect: float) -> Scene:
    """A row of houses, a pavement and a road, by day or by night."""
    kerb = rng.uniform(0.64, 0.74)
    dark_out = rng.random() < 0.25
    asphalt: Color
    if dark_out:
        night(pen, rng, aspect, kerb)
        tint, asphalt = NIGHT, (62, 64, 96)
    else:
        tint = EVENING if daylight(pen, rng, aspect, kerb) else DAY
        asphalt = near(rng, (122, 122, 132), 10)
    x = rng.uniform(-0.2, 0.0)
    while x < aspect:
        width = rng.uniform(0.22, 0.42)
        if rng.random() < 0.82:
            house(pen, rng, x, kerb - 0.08, width, rng.uniform(0.22, 0.5), lit=dark_out)
        else:
            leaf = mix((96, 146, 82), (24, 32, 70), 0.6 if dark_out else 0)
            round_tree(pen, rng, x + width / 2, kerb - 0.07, rng.uniform(0.3, 0.42), leaf)
        x += width + rng.uniform(0.0, 0.03)
    road(pen, rng, aspect, kerb, asphalt)
    on_pavement = (o.POTTED_PLANT, o.CAT, o.BIRD)
    zones = (
        Zone((o.AIRPLANE, o.FLYING_BIRD), 0.06, 0.18, "fly", 0.36),
        Zone(on_pavement, kerb - 0.06, kerb - 0.01, "stand", 0.42),
        *_roadside(kerb),
    )
    return Scene(zones, tint)


def _roadside(kerb: float) -> tuple[Zone, ...]:
    """Signs across the road or, larger, on the viewer's side, and vehicles in between."""
    signs = (o.STOP_SIGN, o.TRAFFIC_LIGHT)
    return (
        Zone(signs, kerb - 0.06, kerb - 0.01, "stand", 0.34),
        Zone(signs, 0.97, 1.2, "stand", 0.6, smallest=0.36),
        Zone((o.CAR, o.BUS), kerb + 0.1, 1.0),
    )


def country_road(pen: Pen, rng: Rng, aspect: float) -> Scene:
    """A road through fields."""
    horizon, kerb = rng.uniform(0.4, 0.5), rng.uniform(0.6, 0.68)
    evening = daylight(pen, rng, aspect, horizon)
    greens = ((150, 186, 100), (206, 190, 104), (124, 172, 108))
    green = near(rng, any_of(rng, greens), 10)
    for i in range(3):
        tone = mix(dark(green, 0.1), (188, 212, 226), 0.5 - 0.22 * i)
        hills(pen, rng, aspect, horizon + 0.05 * i, 0.12, tone)
    for _ in range(int(rng.integers(2, 7))):
        x, foot = rng.uniform(0, aspect), kerb - rng.uniform(0.09, 0.13)
        round_tree(pen, rng, x, foot, rng.uniform(0.12, 0.22), (92, 144, 84))
    road(pen, rng, aspect, kerb, near(rng, (128, 124, 128), 8))
    zones = (
        Zone((o.AIRPLANE, o.FLYING_BIRD, o.KITE), 0.06, horizon - 0.12, "fly", 0.6),
        Zone((o.BIRD,), kerb - 0.06, kerb - 0.01, "stand", 0.4),
        *_roadside(kerb),
    )
    return Scene(zones, EVENING if evening else DAY)
