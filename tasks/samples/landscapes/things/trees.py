"""Trees, in metres, the foot of the trunk at the origin."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, dark, light, near
from tasks.samples.drawing.shapes import box, curve, leaf, path, placed, polar, ring
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import SNOW, Moment
from tasks.samples.scenery.land import pine, round_tree

_BARK: Color = (112, 86, 66)
_PALE_BARK: Color = (214, 204, 188)
_FROND: Color = (92, 142, 66)
_PUFFS = ((-0.3, -0.02, 0.24), (0.28, 0.02, 0.24), (0.0, -0.16, 0.3), (0.05, 0.1, 0.26))


def broadleaf(pen: LitPen, rng: Rng, now: Moment) -> None:
    """Oak, beech, maple: a round crown that is bare in winter."""
    height = rng.uniform(8, 13)
    if now.leaf is None:
        _bare(pen, rng, height, now)
    else:
        round_tree(pen, rng, 0, 0, height, now.leaf)


def birch(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A white, black-flecked stem under a light crown."""
    height, bark = rng.uniform(9, 13), (236, 234, 226)
    if now.leaf is None:
        _bare(pen, rng, height, now, bark)
        return
    pen.shape(path("-.18,0 -.1,-7 .1,-7 .18,0"), bark)
    for y in rng.uniform(-5.5, -0.5, 6):
        pen.stroke([(-0.15, y), (0.08, y)], 0.14, (70, 64, 66))
    _crown(pen, height, 0.62, 0.36, light(now.leaf, 0.18))


def poplar(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A narrow column that is bare in winter."""
    if now.leaf is None:
        _bare(pen, rng, rng.uniform(10, 14), now, spread=0.4)
    else:
        _column(pen, rng.uniform(11, 16), 1.5, now.leaf)


def cypress(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A dark evergreen spindle."""
    _column(pen, rng.uniform(8, 12), 1.0, near(rng, (48, 86, 58), 8))


def fir(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A conifer of three tiers."""
    pine(pen, rng, 0, 0, rng.uniform(9, 16), (58, 104, 76), snow=now.snow)


def spruce(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A conifer of the north, so narrow that snow slides off."""
    height, tone = rng.uniform(8, 14), near(rng, (44, 84, 68), 8)
    pen.shape(box(-0.15, -1.5, 0.15, 0), _BARK)
    y = np.linspace(0.08, 0.95, 7)
    half = 0.14 * (1 - y) + 0.015
    right = np.stack([half * (1 + 0.35 * (np.arange(7) % 2 == 0)), -y], 1)
    outline = np.concatenate([[(0, -1.0)], right[::-1], right * (-1, 1)]) * height
    pen.shape(outline, (light(tone, 0.06), dark(tone, 0.18)))
    if now.snow:
        for k in (0.85, 0.62, 0.4):
            flake = [
                (0, -k - 0.12),
                (0.12 * (1 - k) + 0.02, -k),
                (-0.1 * (1 - k) - 0.02, -k + 0.03),
            ]
            pen.shape(np.multiply(flake, height), SNOW)


def stone_pine(pen: LitPen, rng: Rng, now: Moment) -> None:
    """The umbrella of Mediterranean coasts."""
    height, tone = rng.uniform(8, 12), near(rng, (70, 116, 66), 8)
    pen.shape(placed(path("-.03,0 -.02,-.8 .02,-.8 .03,0"), 0, 0, height), (142, 100, 74))
    for dx, dy, rx in ((0, -0.84, 0.4), (-0.16, -0.9, 0.24), (0.15, -0.92, 0.25)):
        crown = ring(dx, dy, rx, 0.3 * rx, count=20)
        pen.shape(placed(crown, 0, 0, height), (light(tone, 0.16), dark(tone, 0.18)))


def olive(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A low, silver-green crown on a twisted trunk."""
    pen.shape(path("-.5,0 -.25,-1 -.6,-2 .5,-2 .15,-1 .35,0"), (122, 106, 90))
    _crown(pen, rng.uniform(3.6, 5), 0.62, 0.62, near(rng, (136, 154, 112), 8))


def palm(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A coconut palm, leaning."""
    height, lean = rng.uniform(8, 13), rng.uniform(-3, 3)
    _trunk(pen, height, lean, 0.34, (158, 132, 100))
    _fronds(pen, rng, lean, -height, 3.4, near(rng, _FROND, 12), 9)
    for dx in (-0.25, 0.2):
        pen.shape(ring(lean + dx, 0.3 - height, 0.26, count=8), (128, 94, 52))


def date_palm(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A straight, thick stem under a dense grey-green head."""
    height = rng.uniform(6, 10)
    _trunk(pen, height, rng.uniform(-0.3, 0.3), 0.55, (134, 106, 78))
    _fronds(pen, rng, 0, -height, 3.0, near(rng, (116, 138, 84), 10), 15)


def fan_palm(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A tall thin stem with a small ball of fans and a skirt of dead ones."""
    height, tone = rng.uniform(11, 16), near(rng, (88, 134, 70), 10)
    _trunk(pen, height, rng.uniform(-0.6, 0.6), 0.32, (146, 124, 100))
    pen.shape(placed(path("-.7,-.4 0,1.9 .7,-.4"), 0, -height), (164, 134, 88))
    for angle in np.arange(0, 360, 45) + rng.uniform(0, 45):
        pen.shape(leaf(0, -height, angle, 1.7, 0.55), dark(tone, 0.12 if angle < 180 else 0))


def banana(pen: LitPen, rng: Rng, now: Moment) -> None:
    """Broad bright leaves from the ground."""
    tone = near(rng, (122, 178, 70), 10)
    for angle in (-160, -130, -100, -75, -45, -20):
        length = rng.uniform(2.4, 3.6)
        pen.shape(leaf(0, -1, angle, length, 0.45), (light(tone, 0.12), dark(tone, 0.14)))
    pen.shape(box(-0.25, -1.6, 0.25, 0), (142, 152, 84))


def tree_fern(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A dark stem with a flat wheel of fronds."""
    height = rng.uniform(3.5, 6)
    pen.shape(box(-0.2, -height, 0.2, 0), (74, 58, 50))
    _fronds(pen, rng, 0, -height, 2.8, near(rng, (76, 140, 70), 10), 11, rise=0.12)


def kapok(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A giant above the rain forest: buttresses, a bare trunk, a wide flat crown."""
    height, tone = rng.uniform(26, 34), near(rng, (72, 132, 62), 12)
    stem = path("-.1,0 -.03,-.16 -.02,-.82 .02,-.82 .03,-.16 .1,0")
    pen.shape(placed(stem, 0, 0, height), (176, 160, 138))
    for dx, dy, rx in ((-0.17, -0.82, 0.2), (0.18, -0.84, 0.2), (0.0, -0.9, 0.26)):
        crown = ring(dx, dy, rx, 0.42 * rx, count=18)
        pen.shape(placed(crown, 0, 0, height), (light(tone, 0.2), dark(tone, 0.2)))


def dipterocarp(pen: LitPen, rng: Rng, now: Moment) -> None:
    """Borneo's giant: a pale, straight trunk and a crown like a cauliflower."""
    height, tone = rng.uniform(26, 36), near(rng, (92, 138, 74), 12)
    stem = path("-.022,0 -.016,-.8 .016,-.8 .022,0")
    pen.shape(placed(stem, 0, 0, height), (222, 212, 194))
    for dx, dy, r in ((-0.1, -0.76, 0.08), (0.1, -0.77, 0.08), (-0.05, -0.86, 0.09)):
        for x in (dx, 0.1 * (dx < -0.06) + dx / 2):
            puff = placed(ring(x, dy, r, count=14), 0, 0, height)
            pen.shape(puff, (light(tone, 0.24), dark(tone, 0.16)))


def umbrella_tree(pen: LitPen, rng: Rng, now: Moment) -> None:
    """The Congo's parasol tree: stilt roots and candelabra of big leaves."""
    height, tone = rng.uniform(13, 19), near(rng, (86, 150, 72), 12)
    pen.shape(placed(path("-.08,0 -.015,-.2 .015,-.2 .08,0"), 0, 0, height), _BARK)
    pen.shape(placed(box(-0.015, -0.7, 0.015, -0.15), 0, 0, height), _BARK)
    for dx, dy in ((-0.22, -0.74), (0.2, -0.7), (-0.06, -0.9), (0.12, -0.84)):
        pen.stroke(np.multiply([(0, -0.6), (dx, dy)], height), 0.02 * height, _BARK)
        for angle in (-170, -130, -90, -50, -10):
            pen.shape(leaf(dx * height, dy * height, angle, 0.15 * height, 0.035 * height), tone)


def acacia(pen: LitPen, rng: Rng, now: Moment) -> None:
    """The flat roof of the East African plain."""
    height, tone = rng.uniform(5.5, 9), near(rng, (114, 136, 66), 12)
    for dx in (-0.4, -0.12, 0.16, 0.42):
        pen.stroke(np.multiply([(0, 0), (0.05, -0.4), (dx, -0.82)], height), 0.045 * height, _BARK)
    for dx, dy, rx in ((-0.3, -0.83, 0.36), (0.3, -0.86, 0.4), (0, -0.93, 0.42)):
        roof = placed(ring(dx, dy, rx, 0.085, count=18), 0, 0, height)
        pen.shape(roof, (light(tone, 0.14), dark(tone, 0.22)))


def baobab(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A bottle of a trunk with a few short branches."""
    height, bark = rng.uniform(9, 14), near(rng, (170, 140, 120), 8)
    trunk = curve(path("-.15,0 -.17,-.3 -.12,-.62 -.07,-.72 .07,-.72 .12,-.62 .17,-.3 .15,0"))
    pen.shape(placed(trunk, 0, 0, height), (light(bark, 0.1), dark(bark, 0.15)))
    for dx, dy in ((-0.26, -0.82), (-0.12, -0.92), (0.06, -0.95), (0.24, -0.84)):
        pen.stroke(np.multiply([(dx / 4, -0.66), (dx, dy)], height), 0.045 * height, bark)
        tuft = ring(dx, dy - 0.02, 0.09, 0.05, count=12)
        pen.shape(placed(tuft, 0, 0, height), near(rng, (112, 138, 74), 10))


def eucalypt(pen: LitPen, rng: Rng, now: Moment) -> None:
    """Pale forked limbs with grey-green tufts apart from each other."""
    height, tone = rng.uniform(9, 15), near(rng, (126, 146, 104), 10)
    bark = near(rng, (226, 212, 192), 8)
    pen.shape(placed(path("-.035,0 -.02,-.4 .02,-.4 .035,0"), 0, 0, height), bark)
    for dx, dy in ((-0.24, -0.66), (0.22, -0.72), (-0.08, -0.86), (0.1, -0.92)):
        limb = [(0, -0.36), (dx * 0.4, dy * 0.75), (dx, dy)]
        pen.stroke(np.multiply(limb, height), 0.025 * height, bark)
        for shift in (-0.07, 0.06):
            tuft = ring(dx + shift, dy + 0.4 * shift, 0.11, 0.07, count=12)
            pen.shape(placed(tuft, 0, 0, height), (light(tone, 0.14), dark(tone, 0.12)))


def araucaria(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A candelabra: bare trunk, arms that curve up to a flat top."""
    height, tone = rng.uniform(12, 18), near(rng, (52, 96, 70), 8)
    pen.shape(placed(box(-0.022, -0.94, 0.022, 0), 0, 0, height), _BARK)
    for y, reach in ((-0.66, 0.3), (-0.78, 0.34), (-0.9, 0.3)):
        arms = curve([(-reach, y - 0.08), (0, y + 0.03), (reach, y - 0.08)], closed=False)
        pen.stroke(arms * height, 0.03 * height, tone)
        for side in (-1, 1):
            pen.shape(
                placed(ring(side * reach, y - 0.09, 0.07, 0.04, count=10), 0, 0, height), tone
            )


def cherry(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A garden tree that blooms pink or turns red."""
    height = rng.uniform(4, 6)
    if now.leaf is None:
        _bare(pen, rng, height, now)
        return
    tone = any_of(rng, ((244, 184, 204), (206, 72, 56), now.leaf))
    round_tree(pen, rng, 0, 0, height, tone)


def bamboo(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A clump of canes that bend over."""
    tone = near(rng, (128, 166, 72), 10)
    for x in np.linspace(-1.6, 1.6, 9):
        height, bend = rng.uniform(6, 10), 0.7 * x + rng.normal(0, 0.5)
        cane = curve([(0.5 * x, 0), (0.6 * x, -0.6 * height), (x + bend, -height)], closed=False)
        pen.stroke(cane, 0.16, dark(tone, 0.15))
        for t in (0.5, 0.68, 0.86, 1.0):
            px, py = cane[int(t * (len(cane) - 1))]
            pen.shape(leaf(px, py, rng.choice((-150, -30, 20, 160)), 1.5, 0.3), tone)


def _column(pen: LitPen, height: float, half: float, tone: Color) -> None:
    pen.shape(box(-0.2, -1.2, 0.2, 0), _BARK)
    spindle = [(0, -height), (half, -0.4 * height), (0.6 * half, -0.7)]
    outline = curve([*spindle, *((-x, y) for x, y in spindle[:0:-1])])
    pen.shape(outline, (light(tone, 0.12), dark(tone, 0.18)))


def _crown(pen: LitPen, height: float, middle: float, width: float, tone: Color) -> None:
    """Overlapping puffs around `middle` of the height."""
    for i, (dx, dy, r) in enumerate(_PUFFS):
        size = (width * height, (1 - middle) * 2 * height)
        puff = placed(ring(dx, dy, r, count=16), 0, -middle * height, size)
        pen.shape(puff, (light(tone, 0.2 - 0.05 * i), dark(tone, 0.1)))


def _bare(
    pen: LitPen, rng: Rng, height: float, now: Moment, bark: Color = _BARK, spread: float = 1.0
) -> None:
    """A trunk that forks twice."""
    pen.stroke([(0, 0), (0, -0.45 * height)], 0.05 * height, bark)
    for lean in (-38, -14, 12, 36):
        turn = (lean + rng.uniform(-6, 6)) * spread - 90
        x, y = polar(turn, 0.34 * height, 0, -0.38 * height)
        pen.stroke([(0, -0.36 * height), (x, y)], 0.03 * height, bark)
        for fork in (-24, 22):
            tip = polar(turn + fork * spread, 0.27 * height, x, y)
            pen.stroke([(x, y), tip], 0.016 * height, SNOW if now.snow else light(bark, 0.1))


def _trunk(pen: LitPen, height: float, lean: float, width: float, bark: Color) -> None:
    stem = curve([(0, 0), (0.35 * lean, -0.5 * height), (lean, -height)], closed=False)
    pen.stroke(stem, width, bark)


def _fronds(
    pen: LitPen,
    rng: Rng,
    x: float,
    y: float,
    length: float,
    tone: Color,
    count: int,
    rise: float = 0.45,
) -> None:
    """Arching leaves around a point."""
    for t in np.linspace(-1, 1, count) + rng.uniform(-0.06, 0.06, count):
        reach, up = length * np.sin(1.5 * t), length * (rise + 0.5 * np.cos(1.5 * t))
        tip = (x + 1.15 * reach, y - 0.25 * up + 0.75 * abs(reach) * (1 - rise))
        over, under = (x + 0.55 * reach, y - up), (x + 0.6 * reach, y - 0.45 * up)
        blade = np.concatenate(
            [curve([(x, y), over, tip], closed=False), curve([tip, under, (x, y)], closed=False)]
        )
        pen.shape(blade, dark(tone, 0.14) if abs(t) > 0.55 else light(tone, 0.08))
