"""Boats and airplanes from the side, facing right, on -1..1 (y down)."""

import numpy as np

from tasks.samples.drawing.colors import (
    CREAM,
    GLASS,
    GOLD,
    INK,
    PANE,
    RED,
    TYRE,
    Color,
    Rng,
    any_of,
    dark,
    light,
    mix,
    shaded,
)
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import box, curve, path, placed, ring

_HULLS = ((206, 66, 52), (40, 92, 150), (246, 240, 226), (146, 92, 56))
_SAILS = (CREAM, CREAM, CREAM, (240, 106, 74), GOLD)
_FUNNELS = (RED, (244, 184, 60), (60, 110, 160))
_LIVERIES = (RED, (46, 112, 186), (244, 164, 44), (62, 150, 112), (130, 88, 168))
_MAST, _WHITE, _GREY, _COCKPIT = (122, 82, 52), (250, 247, 240), (206, 212, 222), (70, 104, 140)


def boat(pen: ObjectPen, rng: Rng) -> None:
    """A sailing boat, or a little steamer with a funnel."""
    hull = any_of(rng, _HULLS)
    if rng.random() < 0.6:
        _rig(pen, rng, hull)
        deck = 0.48
    else:
        _cabin(pen, rng)
        deck = 0.42
    _hull(pen, hull, deck)


def sailing_boat(pen: ObjectPen, rng: Rng) -> None:
    """A sailing boat under main and jib."""
    hull = any_of(rng, _HULLS)
    _rig(pen, rng, hull)
    _hull(pen, hull, 0.48)


def _hull(pen: ObjectPen, hull: Color, deck: float) -> None:
    keel = curve([(0.98, deck - 0.08), (0.84, 0.74), (0.66, 0.93)], closed=False)
    stern = curve([(-0.66, 0.93), (-0.84, 0.8), (-0.92, deck)], closed=False)
    pen.shape(np.concatenate([keel, stern]), shaded(hull, 0.1, 0.3), dark(hull, 0.6))
    rim = curve([(-0.92, deck), (0.0, deck + 0.03), (0.98, deck - 0.08)], closed=False)
    pen.stroke(rim, 0.07, light(hull, 0.7))
    pen.stroke(placed(rim, 0, 0.17, (0.93, 1)), 0.045, light(hull, 0.45))


def _rig(pen: ObjectPen, rng: Rng, hull: Color) -> None:
    sail = any_of(rng, _SAILS)
    jib, edge = sail if rng.random() < 0.5 else light(hull, 0.35), dark(sail, 0.35)
    pen.stroke(path("0,.5 0,-.98"), 0.05, _MAST)
    leech = curve(path("-.06,-.92 -.42,-.3 -.66,.34"), closed=False)
    pen.shape(np.concatenate([leech, path("-.06,.38")]), shaded(sail, 0.3, 0.1), edge, 0.02)
    luff = curve(path(".06,-.8 .44,-.24 .7,.36"), closed=False)
    pen.shape(np.concatenate([luff, path(".06,.36")]), shaded(jib, 0.3, 0.1), edge, 0.02)
    if rng.random() < 0.5:
        for y in (-0.2, 0.05):
            pen.stroke([(-0.06, y), (-0.48 - 0.25 * y, y)], 0.05, mix(sail, hull, 0.7))
    pen.shape(path("0,-.98 .24,-.9 0,-.82"), RED)


def _cabin(pen: ObjectPen, rng: Rng) -> None:
    wall, edge = shaded(_WHITE, 0, 0.17), dark(_WHITE, 0.5)
    pen.shape(box(-0.5, 0.0, 0.42, 0.55, 0.04), wall, edge, 0.02)
    pen.shape(box(-0.2, -0.28, 0.3, 0.04, 0.04), wall, edge, 0.02)
    funnel = any_of(rng, _FUNNELS)
    pen.shape(path("-.45,0 -.43,-.5 -.2,-.5 -.18,0"), funnel, dark(funnel, 0.5), 0.02)
    pen.shape(box(-0.44, -0.44, -0.19, -0.34), _WHITE)
    pen.stroke(path(".36,0 .36,-.72"), 0.03, _MAST)
    pen.shape(path(".36,-.72 .58,-.64 .36,-.55"), funnel)
    for x in (-0.33, -0.06, 0.2):
        pen.shape(ring(x, 0.2, 0.085), shaded(GLASS, 0.3, 0), INK, 0.025)
    for x in (-0.12, 0.09):
        pen.shape(box(x, -0.2, x + 0.15, -0.04, 0.02), GLASS)


def airplane(pen: ObjectPen, rng: Rng) -> None:
    """An airliner from the side, sometimes a small propeller plane."""
    color = any_of(rng, _LIVERIES)
    if rng.random() < 0.3:
        _propeller_plane(pen, color)
    else:
        _airliner(pen, color)


def airliner(pen: ObjectPen, rng: Rng) -> None:
    """A jet with many windows."""
    _airliner(pen, any_of(rng, _LIVERIES))


def _airliner(pen: ObjectPen, color: Color) -> None:
    ink = dark(color, 0.55)
    pen.shape(path(".1,-.08 -.12,-.38 -.26,-.38 -.16,-.06"), dark(_GREY, 0.2), ink, 0.02)
    pen.shape(path("-.52,-.1 -.8,-.56 -.98,-.56 -.9,-.04"), shaded(color, 0.1, 0.2), ink, 0.025)
    above = path("-.96,-.03 -.98,-.1 -.55,-.17 .1,-.19 .66,-.17 .9,-.09 1,.04")
    below = path(".93,.11 .7,.16 .1,.18 -.5,.14")
    body = curve(np.concatenate([above, below]))
    pen.shape(body, shaded(_WHITE, 0, 0.22), ink, 0.025)
    pen.stroke(curve(path("-.97,-.06 -.4,.045 .3,.055 .97,.045"), closed=False), 0.055, color)
    for x in np.arange(-0.5, 0.66, 0.115):
        pen.shape(box(x, -0.095, x + 0.055, -0.025, 0.02), _COCKPIT)
    pen.shape(path(".74,-.13 .88,-.07 .9,-.02 .76,-.03"), _COCKPIT)
    pen.shape(path(".24,.06 -.26,.52 -.44,.52 -.16,.08"), shaded(_GREY, 0.3, 0.15), ink, 0.025)
    pen.shape(curve(path(".16,.2 .1,.29 -.1,.3 -.12,.2 .04,.17")), color, ink, 0.02)
    pen.shape(path("-.66,-.04 -.92,.12 -1,.12 -.88,-.06"), _GREY, ink, 0.02)


def _propeller_plane(pen: ObjectPen, color: Color) -> None:
    ink = dark(color, 0.55)
    pen.shape(path("-.66,-.06 -.86,-.42 -1,-.42 -.96,0"), color, ink, 0.025)
    body = path(".84,-.02 .72,-.16 .2,-.2 -.4,-.12 -.94,-.08 -.94,.02 -.4,.16 .2,.24 .7,.18")
    pen.shape(curve(body), shaded(color, 0.2, 0.2), ink, 0.025)
    pen.shape(curve(path(".42,-.17 .3,-.36 0,-.36 -.16,-.14")), PANE, ink, 0.025)
    pen.stroke(path("-.9,-.02 .76,.04"), 0.06, CREAM)
    pen.shape(path(".36,.06 .12,.36 -.2,.36 -.1,.08"), shaded(CREAM, 0, 0.2), ink, 0.025)
    for x in (0.3, -0.1):
        pen.stroke([(x, 0.2), (x + 0.06, 0.44)], 0.03, ink)
        pen.shape(ring(x + 0.07, 0.46, 0.08), TYRE)
    pen.shape(ring(0.9, 0, 0.022, 0.4), (96, 70, 52))
    pen.shape(ring(0.88, 0, 0.07), GOLD, ink, 0.02)
