"""Cats, sitting and walking, facing right, on -1..1 (y down)."""

from dataclasses import dataclass

from tasks.samples.drawing.colors import INK, Color, Rng, any_of, dark, light, near, shaded
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import curve, path, placed, ring, symmetric

_COATS = ((232, 146, 70), (72, 66, 76), (150, 148, 156))
_EYES = ((150, 190, 80), (238, 190, 70), (110, 180, 200))
_PINK: Color = (232, 150, 146)


@dataclass(frozen=True)
class _Coat:
    fur: Color
    eyes: Color
    tabby: bool

    @property
    def ink(self) -> Color:
        return dark(self.fur, 0.55)

    @property
    def stripe(self) -> Color:
        return dark(self.fur, 0.3)

    @property
    def pale(self) -> Color:
        return light(self.fur, 0.75)


def cat(pen: ObjectPen, rng: Rng) -> None:
    """A cat sitting or walking: ginger, black or grey, plain or tabby."""
    coat = _Coat(near(rng, any_of(rng, _COATS), 7), any_of(rng, _EYES), bool(rng.random() < 0.6))
    _posed(pen, rng, coat)


def tabby(pen: ObjectPen, rng: Rng) -> None:
    """A striped cat sitting or walking."""
    _posed(pen, rng, _Coat(near(rng, any_of(rng, _COATS), 7), any_of(rng, _EYES), tabby=True))


def _posed(pen: ObjectPen, rng: Rng, coat: _Coat) -> None:
    if rng.random() < 0.55:
        _sitting(pen, coat)
    else:
        _walking(pen, coat, rng.uniform(-0.1, 0.1))


def _sitting(pen: ObjectPen, coat: _Coat) -> None:
    _tail(pen, coat, ".2,.86 .62,.84 .84,.56 .74,.2 .86,-.02", 0.2)
    half = path("0,-.3 .24,-.2 .38,.2 .54,.6 .5,.9 .2,.96")
    pen.shape(curve(symmetric(half)), shaded(coat.fur, 0, 0.2), coat.ink)
    if coat.tabby:
        for y in (0.3, 0.48, 0.66):
            for side in (-1, 1):
                outer, inner = (0.28 + 0.3 * y) * side, (0.18 + 0.2 * y) * side
                pen.stroke([(outer, y), (inner, y + 0.03)], 0.05, coat.stripe)
    pen.shape(curve(symmetric(path("0,-.2 .16,0 .12,.4 0,.56"))), coat.pale)
    for side in (-1, 1):
        leg = path(".04,.3 .26,.3 .25,.8 .05,.8")
        pen.shape(curve(placed(leg, 0, 0, (side, 1))), coat.fur)
        pen.stroke([(0.25 * side, 0.4), (0.25 * side, 0.8)], 0.02, coat.ink)
        pen.shape(ring(0.15 * side, 0.89, 0.16, 0.1), coat.pale, coat.ink, 0.025)
    _head(pen, coat, 0.0, -0.46, 0.4)


def _walking(pen: ObjectPen, coat: _Coat, step: float) -> None:
    _tail(pen, coat, "-.6,.05 -.88,-.1 -.92,-.45 -.76,-.72", 0.17)
    for x, stride, shade in (
        (-0.42, 1, 0.25),
        (0.32, -1, 0.25),
        (-0.56, -1, 0.05),
        (0.18, 1, 0.05),
    ):
        hip = x + stride * step
        leg = placed(path("-.11,.2 .11,.2 .08,.72 -.08,.72"), hip, 0)
        pen.shape(leg, dark(coat.fur, shade), coat.ink, 0.025)
        pen.shape(ring(hip + 0.04, 0.74, 0.12, 0.075), coat.pale, coat.ink, 0.02)
    body = path("-.66,0 -.4,-.14 .1,-.12 .42,-.16 .5,.16 .2,.38 -.4,.4 -.7,.28")
    pen.shape(curve(body), shaded(coat.fur, 0.1, 0.2), coat.ink)
    if coat.tabby:
        for x in (-0.46, -0.28, -0.1, 0.08):
            stripe = placed(path("0,-.12 .03,.02 0,.14"), x, 0)
            pen.stroke(curve(stripe, closed=False), 0.05, coat.stripe)
    _head(pen, coat, 0.55, -0.28, 0.33)


def _tail(pen: ObjectPen, coat: _Coat, line: str, width: float) -> None:
    tail = curve(path(line), closed=False)
    pen.stroke(tail, width, coat.ink)
    pen.stroke(tail, width - 0.05, coat.fur)


def _head(pen: ObjectPen, coat: _Coat, x: float, y: float, r: float) -> None:
    """A face in units of its radius `r`."""
    for side in (-1, 1):
        size = (side * r, r)
        ear, inside = path(".22,-.72 .82,-1.35 .98,-.25"), path(".42,-.78 .74,-1.1 .84,-.5")
        pen.shape(placed(ear, x, y, size), coat.fur, coat.ink)
        pen.shape(placed(inside, x, y, size), _PINK)
    pen.shape(ring(x, y, 1.08 * r, 0.9 * r), shaded(coat.fur, 0.12, 0.08), coat.ink)
    if coat.tabby:
        for lean in (-0.28, 0, 0.28):
            pen.stroke(placed([(lean, -0.8), (0.8 * lean, -0.5)], x, y, r), 0.11 * r, coat.stripe)
    pen.shape(ring(x, y + 0.36 * r, 0.52 * r, 0.36 * r), coat.pale)
    for side in (-1, 1):
        size, eye = (side * r, r), x + 0.42 * side * r
        pen.shape(ring(eye, y - 0.1 * r, 0.21 * r, 0.23 * r), coat.eyes, INK, 0.015)
        pen.shape(ring(eye, y - 0.1 * r, 0.08 * r, 0.19 * r), INK)
        pen.shape(ring(eye + 0.06 * r, y - 0.18 * r, 0.05 * r, count=8), (255, 255, 255))
        smile = placed(path("0,.36 .12,.48 .28,.42"), x, y, size)
        pen.stroke(curve(smile, closed=False), 0.06 * r, INK)
        for whisker in (path(".45,.28 .95,.15"), path(".45,.42 .95,.46")):
            pen.stroke(placed(whisker, x, y, size), 0.03 * r, (255, 255, 255, 190))
    pen.shape(placed(path("-.12,.2 .12,.2 0,.35"), x, y, r), _PINK, dark(_PINK), 0.01)
