"""Birds, standing and flying, facing right, on -1..1 (y down)."""

from tasks.samples.drawing.colors import INK, Color, Rng, any_of, dark, light, mix, near, shaded
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import curve, path, placed, ring

_BLUE, _RED, _YELLOW, _BROWN, _GREEN, _SLATE = (
    (70, 138, 200),
    (222, 84, 66),
    (246, 196, 66),
    (128, 92, 66),
    (96, 168, 120),
    (88, 92, 112),
)
_INDIGO, _SOOT, _UMBER, _RUST = (54, 96, 190), (84, 86, 100), (112, 92, 80), (222, 116, 58)
_BEAK, _LEG, _WHITE = (244, 164, 50), (206, 128, 56), (250, 248, 244)


def bird(pen: ObjectPen, rng: Rng) -> None:
    """A songbird standing."""
    color = near(rng, any_of(rng, (_BLUE, _RED, _YELLOW, _BROWN, _GREEN, _SLATE)))
    _songbird(pen, color, light(mix(color, (250, 214, 160), 0.6), 0.35))


def indigo_bunting(pen: ObjectPen, rng: Rng) -> None:
    """A finch that is blue all over."""
    color = near(rng, _INDIGO)
    _songbird(pen, color, light(color, 0.12))


def junco(pen: ObjectPen, rng: Rng) -> None:
    """A sooty finch with a white belly."""
    _songbird(pen, near(rng, _SOOT), _WHITE)


def robin(pen: ObjectPen, rng: Rng) -> None:
    """A brown thrush with a rusty breast."""
    _songbird(pen, near(rng, _UMBER), near(rng, _RUST))


def _songbird(pen: ObjectPen, color: Color, belly: Color) -> None:
    ink = dark(color, 0.55)
    for x in (-0.06, 0.16):
        pen.stroke([(x, 0.5), (x + 0.03, 0.92)], 0.045, _LEG)
        pen.stroke([(x - 0.06, 0.94), (x + 0.03, 0.9), (x + 0.15, 0.94)], 0.045, _LEG)
    pen.shape(path("-.42,.14 -1,.3 -.96,.46 -.4,.42"), dark(color, 0.25), ink, 0.025)
    back = path(
        "-.36,.5 -.56,.26 -.34,0 -.06,-.34 .04,-.58 .28,-.7 .58,-.58 .66,-.3 .6,.1 .42,.48 .04,.62"
    )
    pen.shape(curve(back), shaded(color, 0.15, 0.12), ink, 0.03)
    breast = path(".63,-.22 .58,.12 .4,.45 .06,.58 .02,.3 .26,-.02 .4,-.24")
    pen.shape(curve(breast), shaded(belly, 0, 0.12))
    wing = path(".16,-.12 .2,.14 -.1,.36 -.62,.4 -.4,.14 -.12,-.1")
    pen.shape(curve(wing), (dark(color, 0.15), dark(color, 0.38)), ink, 0.025)
    for drop in (0.12, 0.22):
        feather = [(-0.34, 0.14 + drop), (-0.1, 0.12 + drop / 2), (0.1, drop / 2)]
        pen.stroke(curve(feather, closed=False), 0.025, ink)
    pen.shape(path(".6,-.5 .94,-.38 .6,-.3"), _BEAK, dark(_BEAK, 0.5), 0.02)
    pen.shape(ring(0.42, -0.46, 0.09), (255, 255, 255))
    pen.shape(ring(0.44, -0.46, 0.06), INK)
    pen.shape(ring(0.46, -0.48, 0.02, count=8), (255, 255, 255))


def flying_bird(pen: ObjectPen, rng: Rng) -> None:
    """A bird on the wing, wings up or down."""
    color = any_of(rng, (_WHITE, _BLUE, _RED, _YELLOW, _BROWN, _GREEN))
    ink = dark(color, 0.5)
    beat = rng.uniform(-0.8, -0.35) if rng.random() < 0.7 else rng.uniform(0.4, 0.7)
    _wing(pen, 0.22, beat, color, 0.28)
    pen.shape(path("-.45,0 -.98,-.1 -.92,.06 -.98,.2"), dark(color, 0.2), ink, 0.025)
    body = path(".8,-.02 .66,-.17 .3,-.16 -.2,-.1 -.62,.02 -.2,.2 .3,.22 .66,.14")
    pen.shape(curve(body), shaded(color, 0.2, 0.18), ink, 0.025)
    pen.shape(path(".76,-.1 1,0 .76,.07"), _BEAK)
    pen.shape(ring(0.64, -0.05, 0.042, count=12), INK)
    _wing(pen, -0.06, beat, color, 0.1)


def _wing(pen: ObjectPen, x: float, beat: float, color: Color, shade: float) -> None:
    tip = [(0.02, 0.6 * beat), (-0.44, 1.15 * beat), (-0.4, 0.62 * beat)]
    outline = placed([(0.26, -0.02), *tip, (-0.26, 0.05)], x, 0)
    pen.shape(curve(outline), (dark(color, 0.2), dark(color, shade)), dark(color, 0.5), 0.025)
