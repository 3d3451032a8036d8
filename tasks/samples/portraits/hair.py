"""Hair on the head: where it begins, how it is combed, and what falls over the forehead."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, light, mix, shaded
from tasks.samples.drawing.shapes import curve, placed, ring
from tasks.samples.portraits.curls import coils, puffy, tones
from tasks.samples.portraits.face_pen import FacePen
from tasks.samples.portraits.falling_hair import ENDS, curtains
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.light import deep
from tasks.samples.portraits.look import Look


def hair_shadow(pen: FacePen, face: Identity, look: Look) -> None:
    """Shade the skin below the hairline."""
    if look.style == "bald":
        shine = ring(0.3 * look.sun[0] - 0.1, -1.3, 0.3, 0.14)
        pen.soft(shine, (255, 250, 240), 0.13, 0.6)
        return
    line = _hairline(face, look)
    depth = 0.05 if look.style == "cropped" else 0.1
    pen.soft(np.concatenate([line, placed(line, 0, depth)[::-1]]), deep(face.skin, 0.7), 0.05, 0.7)


def front_hair(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw the hair on the head, its bangs, and what falls beside the face."""
    color, style = look.hair_tone, look.style
    if style == "bald":
        return
    outer, line = _cap(face, look), _hairline(face, look)
    cap = np.concatenate([outer, line[::-1]])
    if style == "cropped":
        pen.shape(cap, mix(color, face.skin, 0.12))
        _stipple(pen, rng, outer, line, color)
    elif style == "afro":
        pen.shape(np.concatenate([puffy(outer), line[::-1]]), shaded(color, 0.1, 0.05))
        coils(pen, rng, outer, line, color, 70)
    else:
        pen.shape(cap, shaded(color, 0.12, 0.16))
        if style != "bun":  # which is smooth
            _combed(pen, face, look, rng, outer, line)
    if style in ENDS and not look.tucked:
        curtains(pen, face, look, rng)
    if look.bangs:
        _bangs(pen, face, look, rng)


def _hairline(face: Identity, look: Look) -> np.ndarray:
    """Return where the hair begins, from the left ear over the forehead to the right one."""
    w, top = face.wide, face.forehead
    if look.style in ENDS and not look.bangs:  # loose hair sweeps down from the part
        part = look.part * w
        side = [(0.84 * w, -0.66), (0.97 * w, -0.3), (w, 0.02)]
        left = [*(np.array(side[::-1]) * (-1, 1)), (0.5 * part - 0.4 * w, top + 0.12)]
        right = [(0.5 * part + 0.4 * w, top + 0.12), *side]
        return curve([*left, (part, top - 0.14), *right], closed=False)
    knots = [(0, top), (0.4 * w, top - 0.01), (0.72 * w, top + 0.14), (0.88 * w, -0.6)]
    if look.receding:
        knots = [(0, top - 0.16), (0.16 * w, top - 0.2), (0.56 * w, top - 0.52), (0.9 * w, -0.76)]
    knots += [(0.96 * w, -0.3), (0.99 * w, 0.02)]
    half = np.array(knots)
    if look.style in ENDS:
        half = np.delete(half, 1, axis=0)
    return curve(np.concatenate([half[:0:-1] * (-1, 1), half]), closed=False)


def _cap(face: Identity, look: Look) -> np.ndarray:
    """Return the outer edge of the hair on the head, with as many points as the hairline has."""
    w, style = face.wide, look.style
    own = {"cropped": 0.0, "bun": 0.05, "ponytail": 0.05, "afro": look.volume + 0.4}
    v = own.get(style, look.volume)
    side = 0.02 + 0.5 * v
    half = [(0, -1.78 - v), (0.44 * w, -1.73 - v), (0.82 * w, -1.45 - 0.8 * v)]
    half += [(w + 0.5 * side, -0.92), (w + side, -0.4), (w + 0.03, 0.04)]
    right = np.array(half)
    if style in ENDS:
        right = np.delete(right, 1, axis=0)
    line = curve(np.concatenate([right[:0:-1] * (-1, 1), right]), closed=False)
    if style in ("short", *ENDS) and face.texture == "wavy":
        t = np.linspace(0, 1, len(line))
        line = line * (1 + 0.022 * np.sin(2 * np.pi * 8 * t) * np.sin(np.pi * t) ** 0.5)[:, None]
    return line


def _combed(
    pen: FacePen, face: Identity, look: Look, rng: Rng, outer: np.ndarray, line: np.ndarray
) -> None:
    """Draw locks that run back from the hairline, or from the part to both sides."""
    wavy = face.texture == "wavy"
    if look.style not in ENDS:
        picks, t = np.arange(3, len(line) - 3, 3), np.linspace(0, 1, 12)[:, None]
        lean = 0.0 if look.style == "ponytail" else 0.3 * look.part
        root, up = line[picks], outer[picks] - line[picks]
        up = up * rng.uniform(0.75, 0.95, (len(picks), 1))
        locks = root[:, None] + up[:, None] * t
        locks[..., 0] += lean * (1.5 * t - t * t)[:, 0]
        if wavy and look.style == "short":
            phase = np.arange(len(picks))[:, None]
            locks[..., 0] += 0.05 * np.sin(np.arange(12) * 1.1 + phase)
            pen.locks(locks, (0.02, 0.06, 0.02), tones(look.hair_tone))
        else:
            pen.locks(locks[:, ::3], (0.02, 0.036, 0.02), tones(look.hair_tone))
        return
    split = int(np.argmin(np.abs(line[:, 0] - look.part * face.wide)))
    arcs = line + (outer - line) * np.linspace(0.12, 0.9, 9)[:, None, None]
    for side in (arcs[:, : split + 1][:, ::-1], arcs[:, split:]):
        if wavy:
            side = side.copy()
            side[..., 1] += 0.045 * np.sin(0.75 * np.arange(side.shape[1]) + np.arange(9)[:, None])
            pen.locks(side[:, ::2], (0.02, 0.06, 0.03), tones(look.hair_tone))
        else:
            pen.locks(side[:, ::4], (0.02, 0.036, 0.02), tones(look.hair_tone))
    pen.taper([line[split], outer[split]], (0.03, 0.03), tones(look.hair_tone)[0])


def _stipple(pen: FacePen, rng: Rng, outer: np.ndarray, line: np.ndarray, color: Color) -> None:
    """Draw very short hair standing up."""
    picks = rng.integers(4, len(line) - 4, 60)
    up = outer[picks] - line[picks]
    root = line[picks] + up * rng.uniform(0.05, 0.9, (60, 1))
    pen.hairs(np.stack([root, root + 0.1 * up], 1), 0.03, tones(color))


def _bangs(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw hair that covers the forehead down to the brows, in pointed locks."""
    w, color = face.wide, look.hair_tone
    shade, shine = tones(color)
    roots = np.linspace(-0.8, 0.8, 9) * w
    low = face.brow_y - 0.01 + 0.1 * (np.abs(roots) / w) ** 2
    pen.soft(_fringe(face, roots, low + 0.12), deep(face.skin, 0.7), 0.05, 0.75)
    pen.shape(_fringe(face, roots, low - 0.07), (light(color, 0.1), color))
    sway = 0.1 * np.sign(look.part)
    for i, (x, y) in enumerate(zip(roots, low, strict=True)):
        tip = (x + sway, y + rng.uniform(-0.02, 0.07))
        lock = [(0.7 * x - 0.1, -1.1), (0.7 * x + 0.1, -1.1), (x + 0.13, y - 0.16), tip]
        pen.shape(curve([*lock, (x - 0.11, y - 0.16)]), color)
        line = np.array([(0.45 * x, -1.5), (0.8 * x, -0.9), tip])
        if face.texture == "wavy":
            line = curve(line, closed=False)
            line[:, 0] += 0.04 * np.sin(np.arange(len(line)) * 0.8 + i)
        pen.taper(line, (0.02, 0.045, 0.02), (shade, shine)[i % 2])


def _fringe(face: Identity, roots: np.ndarray, low: np.ndarray) -> np.ndarray:
    w = face.wide
    edge = [(-0.95 * w, -0.42), *zip(roots, low, strict=True), (0.95 * w, -0.42)]
    top = [(0.86 * w, -1.05), (0.45 * w, -1.45), (-0.45 * w, -1.45), (-0.86 * w, -1.05)]
    return curve([*edge, *top])
