"""Pictures as data: SVG files in `../art` with variables, drawn by a pen at any size and angle.

A file is plain SVG, which any browser shows, of `path` (M, l, c, z), `ellipse`, `g`, `defs` and
`use` (moved and scaled). What varies is written so that a browser ignores it:

- `data-coat="#e89246 #48424c"` on the root: colours of which a drawing takes one and varies it;
  it replaces the custom property `--coat`, which `<style>` sets and other colours are mixed from.
- `<g data-chance="0.6">`: drawn that often. `<g data-one-of="pose">`: one of its children is drawn,
  or none if what is chosen is not among them; `id="bob_long"` is the child for both.
- `<g data-turn="-8 8 0 28">`: turned by an angle between two, about a point.
- `data-shade="15 20"`: lighter at its top and darker at its bottom, by so many per cent;
  `data-below="#dcd6ce"`: of that colour at its bottom.
- `data-fur="wire 2"`: the outline of a coat of this kind, whose hairs stand out so far.
- `filter="blur(5px)"`: with a soft edge; a soft line is a crease, thin at its ends.
- `class="prop"`: painted, but no part of the object (a pole, a string); `class="hole"`: cut out.
  `class="skin"`: of a face, whose soft tones stay on it.

Pillow draws it, as it does the scenery: one rasteriser, the same on every machine, and no package
more to install.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, mix, near
from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import turned
from tasks.samples.drawing.svg import Expression, Group, Mark, Picture, read

ART = Path(__file__).parents[1] / "art"
UNIT = 100.0  # of a file: half a side of an object

Choices = Mapping[str, str | bool]


class Art(Picture):
    """A file that can be drawn."""

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
        tones = {name: near(rng, any_of(rng, some), 9) for name, some in self.palettes.items()}
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
    return Art(*read(ART / f"{name}.svg"))


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
            groups = [child for child in children if isinstance(child, Group)]
            fitting = [g for g in groups if wanted is None or wanted in g.name.split("_")]
            children = (any_of(self.rng, fitting),) if fitting else ()
        if group.turn:
            about = np.array(group.turn[2:] or (0, 0))
            spun = turned(np.eye(2), self.rng.uniform(group.turn[0], group.turn[1]))
            axes, at = spun @ axes, at + (about - about @ spun) @ axes
        with self.pen.part(group.part):
            for child in children:
                if isinstance(child, Mark):
                    self.paint(child, child.points @ axes + at)
                else:
                    self.draw(child, axes, at)

    def paint(self, mark: Mark, points: np.ndarray) -> None:
        """Paint one outline."""
        pen, width, blur = self.pen, mark.width * self.scale, mark.blur * self.scale
        glaze = () if mark.opacity == 1 else (round(255 * mark.opacity),)
        ink = None if mark.ink is None else (*_tone(mark.ink, self.tones), *glaze)
        fill = [_tone(expression, self.tones) for expression in mark.fill]
        if mark.hole:
            pen.cut(points)
        elif blur and ink is not None:
            pen.crease(points, width, ink[:3], blur, mark.opacity)
        elif blur:
            pen.soft(points, fill[0], blur, mark.opacity)
        elif len(fill) == 2:
            pen.shape(points, (fill[0], fill[1]), ink, width)
        elif fill:
            pen.shape(points, (*fill[0], *glaze), ink, width)
        elif ink is not None:
            closed = np.concatenate([points, points[:2]]) if mark.closed else points
            pen.stroke(closed, width, ink)
