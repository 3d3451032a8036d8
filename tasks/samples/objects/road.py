"""Cars and buses, from the side facing right, on -1..1 (y down)."""

from tasks.samples.drawing.colors import (
    CREAM,
    GLASS,
    INK,
    PANE,
    RED,
    TYRE,
    Color,
    Rng,
    any_of,
    dark,
    light,
    near,
    shaded,
)
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import box, curve, path, polar, ring, symmetric

_PAINTS = (RED, (52, 118, 186), (72, 154, 142), (238, 232, 218))
_LIVERIES = ((242, 182, 44), (246, 200, 70), (240, 128, 50))
_HUBS = ((206, 208, 214), (240, 236, 226), (120, 122, 132))
_TAILS = ((-0.86, -0.5), (-0.62, -0.42), (-0.9, -0.78))  # x of the rear glass, below and above
_CHROME, _LAMP, _GLEAM = (200, 202, 210), (255, 244, 190), (255, 255, 255, 90)


def car(pen: ObjectPen, rng: Rng) -> None:
    """A hatchback, saloon or estate from the side, sometimes seen from the front."""
    color = near(rng, any_of(rng, _PAINTS))
    if rng.random() < 0.15:
        _car_front(pen, color)
    else:
        _car_side(pen, rng, color, any_of(rng, _TAILS))


def estate_car(pen: ObjectPen, rng: Rng) -> None:
    """A car whose roof reaches its tail, with a rack."""
    color = near(rng, any_of(rng, _PAINTS))
    pen.stroke(path("-.64,-.52 .0,-.52"), 0.04, TYRE)
    for x in (-0.6, -0.3, -0.04):
        pen.stroke([(x, -0.52), (x, -0.4)], 0.035, TYRE)
    _car_side(pen, rng, color, _TAILS[2])


def taxi(pen: ObjectPen, rng: Rng) -> None:
    """A yellow car with a lamp on its roof and chequers on its side."""
    color = near(rng, _LIVERIES[0], 10)
    pen.shape(box(-0.3, -0.62, -0.02, -0.4, 0.05), _LAMP, INK, 0.025)
    _car_side(pen, rng, color, _TAILS[0])
    for i in range(18):
        x, y = -0.84 + 0.09 * i, 0.14 + 0.06 * (i % 2)
        pen.shape(box(x, y, x + 0.09, y + 0.06), INK)


def sports_car(pen: ObjectPen, rng: Rng) -> None:
    """A low car with a long bonnet and a wing."""
    color = near(rng, any_of(rng, _PAINTS))
    ink = dark(color, 0.6)
    pen.stroke(path("-.86,-.02 -.9,-.16"), 0.05, ink)
    pen.shape(path("-1,-.24 -.74,-.19 -.74,-.13 -1,-.16"), color, ink, 0.02)
    cabin = path("-.74,.02 -.5,-.26 -.22,-.3 .06,-.24 .36,.02")
    pen.shape(curve(cabin), shaded(color, 0.2, 0), ink)
    pen.shape(path("-.38,0 -.3,-.2 -.14,-.22 .04,-.18 .22,0"), PANE, ink, 0.02)
    body = path("-.98,.02 -.6,-.06 .3,-.02 .74,.08 .99,.24 .96,.34 -.96,.34 -1,.14")
    pen.shape(body, shaded(color, 0.15, 0.22), ink)
    for y in (0.06, 0.12):
        pen.stroke([(-0.92, y), (0.66, y + 0.04)], 0.022, light(color, 0.75))
    pen.shape(path(".72,.1 .9,.17 .84,.22 .7,.16"), _LAMP, ink, 0.02)
    pen.shape(box(-0.99, 0.08, -0.9, 0.16, 0.03), RED, ink, 0.02)
    hub = any_of(rng, _HUBS)
    for x in (-0.58, 0.58):
        _wheel(pen, x, 0.32, 0.22, color, hub)


def _car_side(pen: ObjectPen, rng: Rng, color: Color, tail: tuple[float, float]) -> None:
    ink, (rear, roof) = dark(color, 0.6), tail
    hood, top = rng.uniform(0.38, 0.52), rng.uniform(-0.5, -0.4)
    back = [(rear, -0.02), (roof, top + 0.05), (roof + 0.12, top)]
    pen.shape(curve([*back, (hood - 0.42, top), (hood, -0.02)]), shaded(color, 0.2, 0), ink)
    nose = [(hood - 0.02, -0.07), (0.86, 0.0), (0.98, 0.14), (0.98, 0.33), (0.9, 0.38)]
    boot = [(-0.94, 0.38), (-0.99, 0.26), (-0.97, 0.0), (-0.9, -0.07)]
    pen.shape([*nose, *boot], shaded(color, 0.12, 0.22), ink)
    pillar, sill, head = (roof + hood) / 2 - 0.08, -0.07, top + 0.09
    left, right = pillar - 0.04, pillar + 0.04
    pen.shape([(rear + 0.13, sill), (roof + 0.09, head), (left, head), (left, sill)], PANE)
    pen.shape([(right, sill), (right, head), (hood - 0.45, head), (hood - 0.1, sill)], PANE)
    gleam = [(pillar + 0.1, sill), (pillar + 0.24, head), (pillar + 0.33, head)]
    pen.shape([*gleam, (pillar + 0.19, sill)], _GLEAM)
    pen.stroke([(pillar, -0.05), (pillar, 0.3)], 0.02, ink)
    pen.stroke([(pillar + 0.08, 0.06), (pillar + 0.2, 0.06)], 0.035, ink)
    pen.stroke(path("-.95,.16 .95,.16"), 0.02, (*light(color, 0.6), 160))
    pen.shape(ring(0.9, 0.1, 0.07, 0.055), _LAMP, ink, 0.02)
    pen.shape(box(-0.98, 0.05, -0.9, 0.16, 0.03), RED, ink, 0.02)
    pen.shape(box(-0.99, 0.3, 0.99, 0.39, 0.04), dark(color, 0.5))
    hub = any_of(rng, _HUBS)
    for x in (-0.57, 0.56):
        _wheel(pen, x, 0.38, 0.2, color, hub)


def _car_front(pen: ObjectPen, color: Color) -> None:
    ink = dark(color, 0.6)
    for x in (-0.48, 0.48):
        pen.shape(box(x - 0.14, 0.25, x + 0.14, 0.6, 0.06), TYRE)
    pen.shape(symmetric(path("0,-.55 .4,-.52 .58,0 0,0")), shaded(color, 0.2, 0), ink)
    pen.shape(symmetric(path("0,-.45 .34,-.42 .48,-.06 0,-.03")), PANE)
    pen.shape(path("-.3,-.06 -.12,-.43 .02,-.43 -.16,-.06"), _GLEAM)
    for x in (-0.66, 0.66):
        pen.shape(ring(x, -0.1, 0.09, 0.07), color, ink, 0.02)
    pen.shape(box(-0.7, -0.05, 0.7, 0.45, 0.14), shaded(color, 0.12, 0.2), ink)
    pen.shape(box(-0.3, 0.12, 0.3, 0.28, 0.05), dark(color, 0.65))
    for y in (0.17, 0.22):
        pen.stroke([(-0.26, y), (0.26, y)], 0.018, _CHROME)
    for x in (-0.5, 0.5):
        pen.shape(ring(x, 0.14, 0.12), _LAMP, ink, 0.025)
        pen.shape(ring(x - 0.03, 0.1, 0.04), (255, 255, 255))
    pen.shape(box(-0.72, 0.36, 0.72, 0.48, 0.05), _CHROME, ink, 0.02)
    pen.shape(box(-0.16, 0.34, 0.16, 0.46, 0.02), CREAM, INK, 0.015)


def bus(pen: ObjectPen, rng: Rng) -> None:
    """A long yellow or orange bus, sometimes a red double-decker."""
    double = rng.random() < 0.35
    _bus(pen, rng, near(rng, RED if double else any_of(rng, _LIVERIES), 10), double)


def school_bus(pen: ObjectPen, rng: Rng) -> None:
    """A long yellow bus with black bands."""
    color = near(rng, _LIVERIES[0], 10)
    _bus(pen, rng, color, double=False)
    for y in (0.06, 0.3):
        pen.stroke([(-0.94, y), (0.62, y)], 0.03, TYRE)


def _bus(pen: ObjectPen, rng: Rng, color: Color, double: bool) -> None:
    ink, trim = dark(color, 0.6), light(color, 0.75)
    half, top, decks = (0.8, -0.78, (-0.3, -0.68)) if double else (1.0, -0.42, (-0.3,))
    pen.shape(box(-half, top, half, 0.5, 0.12), shaded(color, 0.15, 0.12), ink)
    door, count = half - 0.3, int(rng.integers(4, 7))
    step = (door + half - 0.16) / count
    for y in decks:
        for i in range(count):
            x = -half + 0.1 + i * step
            pen.shape(box(x, y, x + step - 0.06, y + 0.32, 0.04), PANE, ink, 0.02)
            gleam = [(x + 0.12, y + 0.02), (x + 0.17, y + 0.02), (x + 0.09, y + 0.3)]
            pen.shape([(x + 0.04, y + 0.3), *gleam], _GLEAM)
    if double:
        pen.shape(box(door, -0.68, half - 0.05, -0.36, 0.04), PANE, ink, 0.02)
        pen.shape(box(-half, -0.34, half, -0.31), trim)
    pen.shape(box(door, -0.3, door + 0.2, 0.44, 0.03), shaded(GLASS, 0.4, 0), ink, 0.025)
    pen.stroke([(door + 0.1, -0.28), (door + 0.1, 0.42)], 0.02, ink)
    pen.shape(box(-half, 0.12, door - 0.03, 0.2), trim)
    pen.shape(box(-half, 0.42, half, 0.52, 0.04), dark(color, 0.55))
    pen.shape(ring(half - 0.05, 0.34, 0.05, 0.06), _LAMP, ink, 0.02)
    pen.shape(box(-half, 0.28, -half + 0.05, 0.38, 0.02), RED)
    for x in (-0.55 * half, 0.52 * half):
        _wheel(pen, x, 0.52, 0.185, color, _HUBS[0])


def _wheel(pen: ObjectPen, x: float, y: float, r: float, body: Color, hub: Color) -> None:
    """A wheel under its arch."""
    pen.shape(ring(x, y - 0.02, r + 0.05, start=180, end=360), dark(body, 0.7))
    pen.shape(ring(x, y, r), TYRE)
    pen.shape(ring(x, y, 0.62 * r), hub, dark(hub, 0.5), 0.02)
    for angle in range(0, 360, 72):
        pen.shape(ring(*polar(angle, 0.38 * r, x, y), 0.1 * r, count=10), dark(hub, 0.45))
    pen.shape(ring(x, y, 0.16 * r, count=12), dark(hub, 0.6))
