"""Pictures as data: SVG files in `../art` with variables, drawn by a pen at any size and angle.

A file is plain SVG, which any browser shows, of `path` (M, L, C, Z and their relative forms),
`ellipse`, `rect`, `linearGradient`, `g`, `defs` and `use` (moved and scaled). What varies is
written so that a browser ignores it:

- `data-coat="#e89246 #48424c"` on the root: colours of which a drawing takes one and varies it;
  it replaces the custom property `--coat`, which `<style>` sets and other colours are mixed from.
- `<g data-chance="0.6">`: drawn that often. `<g data-one-of="pose">`: one of its children is drawn,
  or none if what is chosen is not among them.
- `<g data-turn="-8 8 0 28">`: turned by an angle between two, about a point.
- `data-shade="15 20"`: lighter at its top and darker at its bottom, by so many per cent.
- `data-fur="wire 2"`: the outline of a coat of this kind, whose hairs stand out so far.
- `filter="blur(5px)"`: with a soft edge; a soft line is a crease, thin at its ends.
- `class="prop"`: painted, but no part of the object (a pole, a string); `class="hole"`: cut out.
  `class="skin"`: of a face, whose soft tones stay on it.

Pillow draws it, as it does the scenery: one rasteriser, the same on every machine, and no package
more to install.
"""

import re
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from tasks.samples.drawing.colors import LIGHT, SHADE, Color, Rng, any_of, hexed, mix, near
from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import ring, turned

ART = Path(__file__).parents[1] / "art"
UNIT = 100.0  # of a file: half a side of an object

_TOKENS = re.compile(r"#[0-9a-f]{6}|[\w-]+%?|[(),]")
_NUMBERS = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_STEPS = re.compile(rf"[A-Za-z]|{_NUMBERS.pattern}")
# how far out the points of an outline stand, in turn: locks, bristles or curls
_FUR = {"long": (0.0, 0.3, 0.65, 1.0), "wire": (0.0, 0.8, 0.1, 1.0), "curly": (0, 0.9, 1.2, 0.9)}
_HANG = (-0.16, 0.4)  # locks fall down and back
_BEZIER = {
    n: np.array([((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3) for t in ts])
    for n, ts in ((n, np.linspace(0, 1, n + 1)[1:]) for n in range(1, 13))
}

Expression = str | tuple[Any, ...]  # a variable's name, a colour, or (one, other, share)
Choices = Mapping[str, str | bool]


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


@dataclass(frozen=True, eq=False)
class Art:
    """One file: its palettes, its variables in their order, and what it draws.

    `metres` is how much 100 units are, as the file's `desc` says; 1 if it does not.
    """

    metres: float
    palettes: dict[str, tuple[Color, ...]]
    variables: dict[str, Expression]
    root: Group

    def draw(
        self,
        pen: Pen,
        rng: Rng,
        matrix: np.ndarray | None = None,
        at: tuple[float, float] = (0.0, 0.0),
        colors: Mapping[str, Color] | None = None,
        choices: Choices | None = None,
    ) -> None:
        """Draw it with its middle `at` a point; `matrix` [2, 2] maps halves of a side to units.

        `colors` sets variables, and `choices` says what is drawn where the file leaves it open.
        """
        tones: dict[str, Color] = {}
        for name, palette in self.palettes.items():
            tones[name] = near(rng, any_of(rng, palette), 9)
        tones |= colors or {}
        for name, expression in self.variables.items():
            if name not in tones:
                tones[name] = _tone(expression, tones)
        axes = (np.eye(2) if matrix is None else np.asarray(matrix)) / UNIT
        artist = _Artist(pen, rng, tones, choices or {}, float(np.sqrt(abs(np.linalg.det(axes)))))
        artist.draw(self.root, axes.T, np.asarray(at, dtype=float))


@lru_cache(maxsize=512)
def art(name: str) -> Art:
    """Return the file `name`.svg in `art`."""
    root = ElementTree.parse(ART / f"{name}.svg").getroot()
    variables: dict[str, Expression] = {}
    gradients: dict[str, tuple[Expression, ...]] = {}
    for element in root.iter():
        match element.tag.rpartition("}")[2]:
            case "style":
                pairs = re.findall(r"--([\w-]+):([^;}]+)", element.text or "")
                variables |= {name: _expression(value) for name, value in pairs}
            case "linearGradient":
                stops = [_expression(stop.get("stop-color", "")) for stop in element]
                gradients[f"url(#{element.get('id')})"] = tuple(stops)
    palettes: dict[str, tuple[Color, ...]] = {
        key[5:]: tuple(hexed(color) for color in value.split())
        for key, value in root.attrib.items()
        if key.startswith("data-")
    }
    named = {f"#{element.get('id')}": element for element in root.iter()}
    metres = _NUMBERS.findall(root.findtext("{*}desc", "100 units are 1 m"))[1]
    return Art(float(metres), palettes, variables, _group(root, gradients, named))


def _group(
    element: ElementTree.Element,
    gradients: dict[str, tuple[Expression, ...]],
    named: dict[str, ElementTree.Element],
) -> Group:
    children: list[Mark | Group] = []
    for child in element:
        tag = child.tag.rpartition("}")[2]
        if tag == "g":
            children.append(_group(child, gradients, named))
        elif tag == "use":
            x, y, scale = (float(v) for v in _NUMBERS.findall(child.get("transform", "")))
            used = _group(named[child.get("href", "")], gradients, named)
            children.append(_moved(used, np.array((x, y)), scale))
        elif tag in ("path", "ellipse", "rect"):
            children += _marks(child, tag, gradients)
    return Group(
        tuple(children),
        element.get("id", ""),
        float(element.get("data-chance", 1)),
        element.get("data-one-of"),
        tuple(float(v) for v in element.get("data-turn", "").split()),
        element.get("class", ""),
    )


def _moved(item: Group, by: np.ndarray, scale: float) -> Group:
    children = tuple(
        _moved(child, by, scale)
        if isinstance(child, Group)
        else replace(child, points=scale * child.points + by, width=scale * child.width)
        for child in item.children
    )
    return replace(item, children=children)


def _marks(
    element: ElementTree.Element, tag: str, gradients: dict[str, tuple[Expression, ...]]
) -> list[Mark]:
    number = {key: float(element.get(key, 0)) for key in ("x", "y", "width", "height")}
    if tag == "path":
        lines = _lines(element.get("d", ""))
    elif tag == "rect":
        (x, y), (w, h) = (number["x"], number["y"]), (number["width"], number["height"])
        lines = [(np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)]), True)]
    else:
        cx, cy, rx, ry = (float(element.get(key, 0)) for key in ("cx", "cy", "rx", "ry"))
        angle = _NUMBERS.findall(element.get("transform", "0"))[0]
        count = int(np.clip(2 * max(rx, ry), 10, 40))
        lines = [(ring(cx, cy, rx, ry, angle=float(angle), count=count), True)]
    fill, ink = element.get("fill", "none"), element.get("stroke")
    paint = () if fill == "none" else gradients.get(fill) or (_expression(fill),)
    if "data-shade" in element.attrib:
        top, bottom = (float(share) / 100 for share in element.get("data-shade", "").split())
        paint = (
            (paint[0], LIGHT if top > 0 else SHADE, abs(top)),
            (paint[0], SHADE if bottom > 0 else LIGHT, abs(bottom)),
        )
    if "data-fur" in element.attrib:
        kind, length = element.get("data-fur", "").split()
        lines = [(_furry(points, kind, float(length)), closed) for points, closed in lines]
    return [
        Mark(
            points,
            closed,
            paint,
            None if ink is None else _expression(ink),
            float(element.get("stroke-width", 3)),
            float(element.get("opacity", 1)),
            float(_NUMBERS.findall(element.get("filter", "0"))[0]),
            element.get("class") == "hole",
        )
        for points, closed in lines
    ]


def _lines(d: str) -> list[tuple[np.ndarray, bool]]:
    """Return the subpaths of SVG's `d` as points [N, 2], and whether each is closed."""
    tokens, lines = _STEPS.findall(d), []
    points: list[np.ndarray] = []
    command, i, here = "M", 0, np.zeros(2)
    while i < len(tokens):
        if tokens[i].isalpha():
            command, i = tokens[i], i + 1
            if command in "Zz":
                lines.append((np.array(points), True))
                here, points = points[0], []
                continue
        count = 6 if command in "Cc" else 2
        knots = np.array(tokens[i : i + count], dtype=float).reshape(-1, 2)
        i += count
        if command.islower():
            knots = knots + here
        if command in "Mm":
            if len(points) > 1:
                lines.append((np.array(points), False))
            points, command = [knots[0]], "L" if command == "M" else "l"
        elif command in "Ll":
            points.append(knots[0])
        else:
            length = np.abs(np.diff(np.vstack([here, knots]), axis=0)).sum()
            n = int(np.clip(length / 6, 3, 12))
            points += list(_BEZIER[n] @ np.vstack([here, knots]))
        here = points[-1]
    if len(points) > 1:
        lines.append((np.array(points), False))
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


def _expression(text: str) -> Expression:
    """Parse a colour: #rrggbb, var(--name) or color-mix(in srgb, one, other 30%)."""
    tokens = [t for t in _TOKENS.findall(text) if t not in (",", "(", ")")]
    return _parsed(tokens)


def _parsed(tokens: list[str]) -> Expression:
    word = tokens.pop(0)
    if word == "var":
        return tokens.pop(0)[2:]
    if word == "color-mix":
        del tokens[:2]  # in srgb
        one, other = _parsed(tokens), _parsed(tokens)
        return one, other, float(tokens.pop(0)[:-1]) / 100
    return hexed(word)


def _tone(expression: Expression, tones: Mapping[str, Color]) -> Color:
    if isinstance(expression, str):
        return tones[expression]
    if isinstance(expression[0], int):
        return expression
    one, other, share = expression
    return mix(_tone(one, tones), _tone(other, tones), share)


@dataclass(frozen=True, eq=False)
class _Artist:
    """Draws the marks of one file, and makes its choices on the way."""

    pen: Pen
    rng: Rng
    tones: dict[str, Color]
    choices: Choices
    scale: float

    def draw(self, group: Group, axes: np.ndarray, at: np.ndarray) -> None:
        """Draw a group; points p of the file lie at p @ axes + at."""
        if group.chance < 1:
            wanted = self.choices.get(group.name)
            if not (self.rng.random() < group.chance if wanted is None else wanted):
                return
        children = group.children
        if group.choice is not None:
            wanted = self.choices.get(group.choice)
            named = [c for c in children if isinstance(c, Group) and wanted in (None, c.name)]
            children = (any_of(self.rng, named),) if named else ()
        if group.turn:
            about = np.array(group.turn[2:] or (0, 0))
            spun = turned(np.eye(2), self.rng.uniform(group.turn[0], group.turn[1]))
            axes, at = spun @ axes, at + (about - about @ spun) @ axes
        with self.pen.part(group.part) if group.part else nullcontext():
            for child in children:
                if isinstance(child, Mark):
                    self.paint(child, child.points @ axes + at)
                else:
                    self.draw(child, axes, at)

    def paint(self, mark: Mark, points: np.ndarray) -> None:
        """Paint one outline."""
        pen, width, tones = self.pen, mark.width * self.scale, self.tones
        glaze = () if mark.opacity == 1 else (round(255 * mark.opacity),)
        ink = None if mark.ink is None else (*_tone(mark.ink, tones), *glaze)
        if mark.hole:
            pen.cut(points)
        elif mark.blur and mark.ink is not None:
            tone, blur = _tone(mark.ink, tones), mark.blur * self.scale
            pen.crease(points, width, tone, blur, mark.opacity)
        elif mark.blur:
            pen.soft(points, _tone(mark.fill[0], tones), mark.blur * self.scale, mark.opacity)
        elif len(mark.fill) == 2:
            pen.shape(points, (_tone(mark.fill[0], tones), _tone(mark.fill[1], tones)), ink, width)
        elif mark.fill:
            pen.shape(points, (*_tone(mark.fill[0], tones), *glaze), ink, width)
        elif ink is not None:
            closed = np.concatenate([points, points[:2]]) if mark.closed else points
            pen.stroke(closed, width, ink)
