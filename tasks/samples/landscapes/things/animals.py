"""Animals from the side, facing right, in metres, their feet at the origin."""

from functools import partial

import numpy as np

from tasks.samples.drawing.colors import INK, Color, Rng, any_of, dark, light, near, shaded
from tasks.samples.drawing.shapes import box, curve, path, placed, ring
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import Moment


def beast(
    pen: LitPen,
    rng: Rng,
    now: Moment,
    coats: tuple[Color, ...],
    height: float,
    neck: tuple[float, float] = (0.3, 0.25),
    legs: float = 0.5,
    girth: float = 0.42,
    humps: int = 0,
    horns: Color | None = None,
    antlers: bool = False,
    stripes: Color | None = None,
    patches: Color | None = None,
    mane: Color | None = None,
) -> None:
    """Any four-footed animal; lengths are fractions of its `height` at the shoulder in metres.

    `neck` is how far the head is in front of and above the shoulder.
    """
    coat = near(rng, any_of(rng, coats), 10)
    shade, dx, dy = dark(coat, 0.22), *neck
    with pen.at(0, 0, height):
        for x in (-0.5, -0.36, 0.36, 0.5):
            pen.stroke([(x, -legs - 0.1), (x + 0.02, 0)], 0.11, shade if abs(x) < 0.4 else coat)
        middle = -legs - girth / 2 + 0.03
        for x in np.linspace(-0.22, 0.24, humps) if humps > 1 else [0.3] * humps:
            pen.shape(ring(x, middle - 0.45 * girth, 0.17, 0.22, count=14), shade)
        pen.stroke([(-0.6, middle - 0.1), (-0.72, middle + 0.22)], 0.06, shade)
        pen.stroke([(0.46, middle - 0.06), (0.5 + dx, -1 - dy)], 0.2, coat)
        pen.shape(ring(0, middle, 0.64, girth / 2 + 0.03, count=24), shaded(coat, 0.12, 0.2))
        if stripes is not None:
            for x in np.linspace(-0.5, 0.5, 7):
                pen.stroke(
                    [(x, middle - 0.44 * girth), (x + 0.05, middle + 0.42 * girth)], 0.05, stripes
                )
        if patches is not None:
            for x, y in ((-0.34, -0.05), (-0.1, 0.06), (0.12, -0.07), (0.34, 0.05)):
                pen.shape(ring(x, middle + y, 0.11, 0.09, count=8), patches)
        if mane is not None:
            pen.stroke([(0.36, middle - 0.2), (0.42 + dx, -1.06 - dy)], 0.1, mane)
        x, y = 0.56 + dx, -1 - dy
        pen.shape(ring(x + 0.06, y + 0.03, 0.2, 0.11, angle=25, count=14), coat)
        pen.shape(ring(x - 0.1, y - 0.1, 0.04, 0.09, count=8), shade)
        if horns is not None:
            horn = curve([(x - 0.06, y - 0.08), (x + 0.06, y - 0.26), (x - 0.08, y - 0.4)], False)
            pen.stroke(horn, 0.06, horns)
        if antlers:
            for tip in ((-0.3, -0.5), (-0.1, -0.58), (0.12, -0.52)):
                pen.stroke([(x - 0.06, y - 0.08), (x + tip[0], y + tip[1])], 0.045, (150, 120, 92))


def elephant(pen: LitPen, rng: Rng, now: Moment) -> None:
    """Grey, with its trunk down."""
    grey = near(rng, (138, 132, 132), 8)
    for x in (-1.3, -0.7, 0.6, 1.1):
        pen.shape(box(x - 0.28, -1.8, x + 0.28, 0), dark(grey, 0.15))
    pen.shape(ring(-0.1, -2.1, 1.75, 1.1), shaded(grey, 0.15, 0.2))
    pen.stroke(curve([(2.0, -2.4), (2.7, -1.6), (2.6, -0.4)], closed=False), 0.42, grey)
    pen.shape(ring(1.7, -2.6, 0.75, 0.8), light(grey, 0.08))
    pen.shape(ring(1.35, -2.5, 0.5, 0.75), dark(grey, 0.12))
    pen.stroke(curve([(2.1, -2.0), (2.6, -1.7), (3.0, -1.9)], closed=False), 0.14, (244, 238, 220))


def kangaroo(pen: LitPen, rng: Rng, now: Moment) -> None:
    """Upright on its long feet and tail."""
    fur = near(rng, any_of(rng, ((170, 116, 78), (150, 132, 116))), 10)
    pen.stroke(curve([(-0.2, -0.5), (-0.7, -0.2), (-1.3, -0.06)], closed=False), 0.16, fur)
    body = curve(path("-.4,-.3 -.35,-.75 0,-1.2 .22,-1.35 .34,-1.1 .3,-.7 .1,-.3"))
    pen.shape(body, shaded(fur, 0.15, 0.2))
    pen.stroke(path("-.1,-.4 .2,-.08 .5,-.06"), 0.14, dark(fur, 0.15))
    pen.stroke(path(".28,-1.05 .5,-.85"), 0.08, dark(fur, 0.2))
    pen.shape(ring(0.4, -1.5, 0.2, 0.12, angle=20, count=14), fur)
    for x in (0.26, 0.36):
        pen.shape(ring(x, -1.72, 0.05, 0.16, count=8), fur)


def ostrich(pen: LitPen, rng: Rng, now: Moment, plumes: Color = (64, 58, 62)) -> None:
    """A big bird on long legs: ostrich, emu, rhea."""
    for x in (-0.1, 0.15):
        pen.stroke([(x, -1), (x + 0.1, -0.5), (x, 0)], 0.09, (190, 160, 140))
    pen.stroke(curve([(0.4, -1.3), (0.6, -1.8), (0.65, -2.3)], closed=False), 0.13, (196, 164, 146))
    pen.shape(ring(0, -1.2, 0.62, 0.38), shaded(plumes, 0.12, 0.1))
    pen.shape(ring(0.72, -2.32, 0.18, 0.1, count=10), (196, 164, 146))


def penguins(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A few, upright."""
    for x in rng.uniform(-1.8, 1.8, int(rng.integers(3, 7))):
        with pen.at(x, 0, rng.uniform(0.85, 1.1)):
            pen.shape(ring(0, -0.46, 0.24, 0.46), INK)
            pen.shape(ring(0.06, -0.4, 0.16, 0.36), (250, 250, 246))
            pen.shape(ring(0.02, -0.92, 0.15, 0.15, count=14), INK)
            pen.stroke([(0.12, -0.92), (0.3, -0.9)], 0.07, (240, 160, 60))


def gulls(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A few in the air."""
    for x, y in zip(rng.uniform(-6, 6, 5), rng.uniform(-12, -6, 5), strict=True):
        wings = placed(path("-.9,-.3 -.4,-.5 0,0 .4,-.5 .9,-.3"), x, y)
        pen.stroke(wings, 0.16, (250, 250, 248))


_BLACK: Color = (52, 46, 50)
cow = partial(
    beast,
    coats=((240, 236, 226), (150, 92, 60), (60, 54, 56)),
    height=1.45,
    neck=(0.22, -0.02),
    girth=0.55,
    patches=(60, 54, 56),
    horns=None,
)
zebu = partial(
    beast,
    coats=((236, 228, 214), (180, 140, 110)),
    height=1.45,
    neck=(0.22, 0.0),
    humps=1,
    girth=0.45,
    horns=(110, 100, 92),
)
buffalo = partial(
    beast, coats=((86, 82, 88),), height=1.5, neck=(0.25, -0.08), girth=0.58, horns=(50, 46, 50)
)
yak = partial(
    beast,
    coats=((62, 50, 48), (96, 76, 66)),
    height=1.5,
    neck=(0.2, -0.1),
    girth=0.75,
    legs=0.35,
    horns=(226, 216, 196),
)
bison = partial(
    beast,
    coats=((96, 68, 50),),
    height=1.7,
    neck=(0.15, -0.25),
    girth=0.62,
    humps=1,
    horns=(60, 54, 50),
)
sheep = partial(beast, coats=((240, 234, 220),), height=0.9, neck=(0.14, 0.0), girth=0.7, legs=0.3)
horse = partial(
    beast,
    coats=((120, 76, 52), (80, 58, 48), (206, 180, 150)),
    height=1.6,
    neck=(0.28, 0.3),
    mane=_BLACK,
)
reindeer = partial(
    beast, coats=((150, 130, 116), (186, 174, 162)), height=1.2, neck=(0.22, 0.1), antlers=True
)
deer = partial(
    beast,
    coats=((164, 112, 76),),
    height=1.1,
    neck=(0.22, 0.25),
    antlers=True,
    girth=0.36,
    legs=0.56,
)
moose = partial(
    beast, coats=((92, 68, 54),), height=2.0, neck=(0.22, 0.05), antlers=True, legs=0.56
)
llama = partial(
    beast,
    coats=((240, 226, 200), (176, 130, 92), (110, 80, 64)),
    height=1.15,
    neck=(0.12, 0.55),
    girth=0.5,
)
camel = partial(
    beast, coats=((206, 164, 110),), height=2.0, neck=(0.3, 0.14), humps=1, legs=0.58, girth=0.36
)
bactrian = partial(
    beast,
    coats=((160, 116, 76),),
    height=2.0,
    neck=(0.3, 0.1),
    humps=2,
    legs=0.52,
    girth=0.42,
    mane=(110, 78, 54),
)
giraffe = partial(
    beast,
    coats=((232, 190, 118),),
    height=2.9,
    neck=(0.25, 0.8),
    legs=0.62,
    girth=0.36,
    patches=(160, 100, 56),
)
zebra = partial(
    beast, coats=((246, 244, 238),), height=1.4, neck=(0.25, 0.22), stripes=_BLACK, mane=_BLACK
)
antelope = partial(
    beast, coats=((192, 142, 92),), height=1.1, neck=(0.2, 0.25), horns=_BLACK, girth=0.34, legs=0.6
)
emu = partial(ostrich, plumes=(112, 92, 78))
rhea = partial(ostrich, plumes=(150, 138, 126))
