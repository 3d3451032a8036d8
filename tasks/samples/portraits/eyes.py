"""Eyes and brows."""

from typing import NamedTuple

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, light, mix
from tasks.samples.drawing.shapes import curve, ring
from tasks.samples.portraits.face_pen import FacePen, band
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.light import deep
from tasks.samples.portraits.look import Look

_LASH: Color = (26, 18, 22)
_SHADOWS: tuple[Color, ...] = ((96, 52, 120), (46, 78, 136), (110, 62, 44), (40, 44, 60))
_QUARTERS = np.linspace(0, 1, 4)


class _Lids(NamedTuple):
    """The edges of an eye from its inner to its outer corner, each [N]."""

    side: int  # -1 left, 1 right in the picture
    x: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    middle: np.ndarray  # the line from corner to corner


def eyes(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw both eyes with their lids, and make-up or bags around them."""
    gaze, shadow = rng.normal(0, 0.02), any_of(rng, _SHADOWS)
    for side in (-1, 1):
        lids = _lids(face, look, side)
        if face.bags:
            _bag(pen, face, side)
        if look.makeup:
            high = lids.middle - 0.2 - 0.04 * np.linspace(-1, 1, len(lids.x))
            pen.soft(band(lids.x, lids.upper + 0.01, high), shadow, 0.035, 0.9)
        elif not face.narrow_eyes:
            crease = np.stack([lids.x, lids.upper - 0.05], 1)[1:-1:3]
            pen.crease(crease, 0.035, deep(face.skin, 0.8), 0.7, 0.014)
        _ball(pen, face, lids, gaze)
        _lashes(pen, face, look, lids)


def _lids(face: Identity, look: Look, side: int) -> _Lids:
    along = np.linspace(-1, 1, 17)
    bow = face.eye_size * (1 - np.abs(along) ** 2.2)
    above, below = (0.04, 0.03) if face.narrow_eyes else (0.13, 0.085)
    if look.smiling:
        above, below = 0.88 * above, 0.8 * below
    middle = -face.eye_tilt * along
    x = side * (0.5 + 0.255 * face.eye_size * along)
    return _Lids(side, x, middle - above * bow * (1 - 0.12 * along), middle + below * bow, middle)


def _bag(pen: FacePen, face: Identity, side: int) -> None:
    """A pouch under the eye, its fold below it."""
    knots = [(0.26, 0.12), (0.34, 0.27), (0.52, 0.34), (0.7, 0.28), (0.78, 0.1), (0.52, 0.16)]
    pouch = np.array(knots) * (side, 1)
    pen.soft(curve(pouch), mix(deep(face.skin, 0.45), (84, 50, 84), 0.4), 0.035, 0.85)
    pen.soft(ring(0.52 * side, 0.2, 0.17, 0.035), light(face.skin, 0.4), 0.04, 0.5)
    pen.crease(pouch[:5], 0.06, deep(face.skin, 0.8), 0.85, 0.014)


def _ball(pen: FacePen, face: Identity, lids: _Lids, gaze: float) -> None:
    white, tone = mix((246, 244, 240), deep(face.skin, 0.3), 0.12), deep(face.skin, 0.8)
    pen.shape(band(lids.x, lids.upper, lids.lower), (mix(white, tone, 0.22), white))
    x, size, rim = 0.5 * lids.side + gaze, face.eye_size, mix(face.iris, (10, 8, 12), 0.45)
    for radius, color in ((0.112, rim), (0.094, face.iris), (0.05, (12, 10, 14))):
        disc = ring(x, -0.018, radius * size, count=24)
        order = np.argsort(lids.x)
        top, bottom = (
            np.interp(disc[:, 0], lids.x[order], lid[order]) for lid in (lids.upper, lids.lower)
        )
        disc[:, 1] = np.clip(disc[:, 1], top, bottom)  # what shows between the lids
        pen.shape(disc, color)
    if not face.narrow_eyes:
        pen.shape(ring(x + 0.035, -0.06, 0.026, count=10), (252, 252, 250))


def _lashes(pen: FacePen, face: Identity, look: Look, lids: _Lids) -> None:
    tone = deep(face.skin, 0.8)
    upper, lower = (np.stack([lids.x, lid], 1) for lid in (lids.upper, lids.lower + 0.01))
    pen.crease(lower[::4], 0.024, tone, 0.7, 0.01)
    if face.male and not look.makeup:
        pen.taper(upper[::2], (0.02, 0.04, 0.024), mix(_LASH, tone, 0.45))
        return
    thick, reach = (0.075, 0.13) if look.makeup else (0.05, 0.07)
    pen.taper(upper[::2], (0.3 * thick, thick, thick), _LASH)
    tip = upper[-1] + (lids.side * reach, -0.6 * reach)
    pen.taper([upper[-3], upper[-1], tip], (thick, 0.9 * thick, 0.01), _LASH)
    if look.makeup:
        pen.taper(lower[8::2], (0.02, 0.045, 0.03), _LASH)
        for k in (7, 10, 13):
            tip = upper[k] + (lids.side * 0.03 * (k - 8), -0.1)
            pen.stroke([upper[k], tip], 0.03, _LASH)


def brows(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw the eyebrows."""
    dark_hair = mix(look.hair_tone, (40, 26, 20), 0.3 if look.hair == "gray" else 0.55)
    color = mix(dark_hair, face.skin, 0.1 if face.bushy else 0.2)
    y, inner = face.brow_y, face.brow_inner
    thick = (0.19 if face.bushy else 0.1) if face.male else (0.16 if face.bushy else 0.075)
    rise = 0.23 if face.arched else 0.02
    for side in (-1, 1):
        lift = -0.14 * face.skew[0] * side
        knots = np.array(
            [(inner, y + 0.02), (0.42, y - 0.5 * rise), (0.67, y - rise), (0.92, y + 0.03)]
        )
        knots[:, 1] += lift + (0.05 if face.arched else 0)
        widths = (0.8 * thick, thick, 0.8 * thick, 0.25 * thick)
        pen.taper(knots * (side, 1), widths, color)
        if not face.bushy:
            continue
        share = np.linspace(0, 1, 16)[:, None]  # single hairs stand out of it
        root = np.stack([np.interp(share[:, 0], _QUARTERS, knots[:, i]) for i in (0, 1)], 1)
        rise_of = rng.uniform(0.07, 0.13, (16, 1)) * (1.1 - 0.5 * share)
        tip = root + np.hstack([0.05 + 0.05 * share, -rise_of])
        pen.hairs(np.stack([root, tip], 1) * (side, 1), 0.026, (color,))
