"""Reads the SVG files of `../art`: `art.py` says what they may hold, and draws it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, parse

import numpy as np

from tasks.samples.drawing.colors import LIGHT, SHADE, Color, hexed
from tasks.samples.drawing.shapes import ring

_TOKENS = re.compile(r"#[0-9a-f]{6}|[\w-]+%?")
_NUMBERS = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
# how far out the points of an outline stand, in turn: locks, bristles or curls
_FUR = {"long": (0.0, 0.3, 0.65, 1.0), "wire": (0.0, 0.8, 0.1, 1.0), "curly": (0, 0.9, 1.2, 0.9)}
_HANG = (-0.16, 0.4)  # locks fall down and back
_BEZIER = {
    n: np.array([((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3) for t in ts])
    for n, ts in ((n, np.linspace(0, 1, n + 1)[1:]) for n in range(1, 13))
}

Move = tuple[float, float, float]  # right and down, and how many times larger
Expression = str | tuple[Any, ...]  # a variable's name, a colour, or (one, other, share)


@dataclass(frozen=True, eq=False)
class Mark:
    """One outline [N, 2] with its paint; `fill` may be a gradient from top to bottom."""

    points: np.ndarray
    closed: bool
    fill: tuple[Expression, ...]  # none, one, or the gradient's two
    ink: Expression | None
    width: float
    opacity: float
    blur: float
    hole: bool


@dataclass(frozen=True, eq=False)
class Group:
    """Marks and groups that are drawn, chosen or turned together."""

    children: tuple["Mark | Group", ...]
    name: str
    chance: float
    choice: str | None
    turn: tuple[float, ...]
    part: str


class Picture(NamedTuple):
    """One file: its palettes, its variables in their order, and what it draws.

    `metres` is how much 100 units are, as the file's `desc` says; 1 if it does not.
    """

    metres: float
    palettes: dict[str, tuple[Color, ...]]
    variables: dict[str, Expression]
    root: Group


def read(path: Path) -> Picture:
    """Read a file."""
    root = parse(path).getroot()
    palettes = {
        key[5:]: tuple(map(hexed, value.split()))
        for key, value in root.attrib.items()
        if key.startswith("data-")
    }
    styles = re.findall(r"--([\w-]+):([^;}]+)", root.findtext("{*}style", ""))
    variables = {name: _expression(value) for name, value in styles}
    named = {f"#{element.get('id')}": element for element in root.iter()}
    metres = _numbers(root.findtext("{*}desc", "100 units are 1 m"))[1]
    return Picture(metres, palettes, variables, _group(root, named))


def _group(element: Element, named: dict[str, Element], move: Move = (0.0, 0.0, 1.0)) -> Group:
    children: list[Mark | Group] = []
    for child in element:
        tag = child.tag.rpartition("}")[2]
        if tag == "g":
            children.append(_group(child, named, move))
        elif tag == "use":
            x, y, scale = _numbers(child.get("transform", ""))
            children.append(_group(named[child.get("href", "")], named, (x, y, scale)))
        elif tag in ("path", "ellipse"):
            children += [_mark(child, *line, move) for line in _lines(child)]
    chance, turn = float(element.get("data-chance", 1)), _numbers(element.get("data-turn", ""))
    name, choice, part = (element.get(key, "") for key in ("id", "data-one-of", "class"))
    return Group(tuple(children), name, chance, choice or None, tuple(turn), part)


def _mark(element: Element, points: np.ndarray, closed: bool, move: Move) -> Mark:
    x, y, scale = move
    fill, ink = element.get("fill", "none"), element.get("stroke")
    paint: tuple[Expression, ...] = () if fill == "none" else (_expression(fill),)
    if below := element.get("data-below"):
        paint = (*paint, _expression(below))
    if shades := element.get("data-shade"):
        top, bottom = (share / 100 for share in _numbers(shades))
        paint = (
            (paint[0], LIGHT if top > 0 else SHADE, abs(top)),
            (paint[0], SHADE if bottom > 0 else LIGHT, abs(bottom)),
        )
    if fur := element.get("data-fur"):
        kind, length = fur.split()
        points = _furry(points, kind, float(length))
    return Mark(
        scale * points + (x, y),
        closed,
        paint,
        None if ink is None else _expression(ink),
        scale * float(element.get("stroke-width", 3)),
        float(element.get("opacity", 1)),
        _numbers(element.get("filter", "0"))[0],
        element.get("class") == "hole",
    )


def _lines(element: Element) -> list[tuple[np.ndarray, bool]]:
    """Return an ellipse or the subpaths of a path as points [N, 2], and whether each is closed."""
    if element.tag.endswith("ellipse"):
        cx, cy, rx, ry = (float(element.get(key, 0)) for key in ("cx", "cy", "rx", "ry"))
        angle, count = _numbers(element.get("transform", "0"))[0], 2 * max(rx, ry)
        return [(ring(cx, cy, rx, ry, angle=angle, count=int(np.clip(count, 10, 40))), True)]
    lines = []
    for subpath in re.findall(r"M[^M]+", element.get("d", "")):
        points: list[np.ndarray] = []
        for command, numbers in re.findall("([Mlc])([^Mlcz]+)", subpath):
            pairs = np.array(_numbers(numbers)).reshape(-1, 2)
            if command != "c":
                for pair in pairs:
                    points.append(points[-1] + pair if points else pair)
                continue
            for knots in pairs.reshape(-1, 3, 2):
                knots = np.vstack([points[-1], points[-1] + knots])
                n = int(np.clip(np.abs(np.diff(knots, axis=0)).sum() / 6, 3, 12))
                points += list(_BEZIER[n] @ knots)
        lines.append((np.array(points), subpath.endswith("z")))
    return lines


def _furry(outline: np.ndarray, kind: str, length: float) -> np.ndarray:
    """Return a clockwise outline [N, 2] with the edge of a coat, of more points."""
    closed = np.concatenate([outline, outline[:1]])
    along = np.r_[0, np.hypot(*np.diff(closed, axis=0).T).cumsum()]
    count = 4 * max(2, round(along[-1] / max(1.4, length) / 4))
    at = np.linspace(0, along[-1], count, endpoint=False)
    even = np.stack([np.interp(at, along, closed[:, i]) for i in (0, 1)], 1)
    out = (np.roll(even, -1, axis=0) - np.roll(even, 1, axis=0))[:, ::-1] * (1, -1)
    out /= np.hypot(out[:, :1], out[:, 1:]) + 1e-9
    if kind == "long":
        out = out * (0.4 + 0.6 * np.clip(out[:, 1:], 0, 1)) + _HANG
    return even + length * np.resize(_FUR[kind], count)[:, None] * out


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBERS.findall(text)]


def _expression(text: str) -> Expression:
    """Parse a colour: #rrggbb, var(--name) or color-mix(in srgb, one, other 30%)."""
    return _parsed(_TOKENS.findall(text))


def _parsed(tokens: list[str]) -> Expression:
    word = tokens.pop(0)
    if word == "var":
        return tokens.pop(0)[2:]
    if word == "color-mix":
        del tokens[:2]  # in srgb
        one, other = _parsed(tokens), _parsed(tokens)
        return one, other, float(tokens.pop(0)[:-1]) / 100
    return hexed(word)
