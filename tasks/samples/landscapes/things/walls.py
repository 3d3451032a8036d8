"""Colours of walls and roofs, and windows, which all buildings share."""

from tasks.samples.drawing.colors import Color, Rng, dark
from tasks.samples.drawing.shapes import box
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import SNOW, Moment

Colors = tuple[Color, ...]
WHITEWASH: Color = (246, 242, 232)
GILT: Color = (240, 192, 76)
STONE: Color = (198, 188, 170)
THATCH: Colors = ((190, 156, 98), (168, 138, 92))
RED_TILES: Colors = ((196, 94, 60), (208, 112, 70))
SLATE: Colors = ((96, 100, 112), (112, 106, 112))
BRIGHT: Colors = ((236, 120, 90), (246, 196, 80), (90, 160, 190), (226, 130, 160), (120, 180, 120))
PASTEL: Colors = ((250, 214, 160), (170, 214, 206), (246, 190, 186), (206, 220, 160))
MUD: Colors = ((200, 150, 104), (184, 122, 82), (214, 172, 122))
CONCRETE: Colors = ((190, 186, 178), (170, 174, 180), (210, 196, 176))
STUCCO: Colors = ((236, 206, 150), (226, 176, 124), (240, 224, 190))
_PANE, _LAMPLIGHT = (112, 146, 170), (255, 214, 120)


def roofed(color: Color, now: Moment) -> Color:
    """Return a roof's colour, or snow's."""
    return SNOW if now.snow else color


def pane(rng: Rng, now: Moment) -> Color:
    """Return a window's colour: glass, or light when it is dark outside."""
    return _LAMPLIGHT if now.lamps and rng.random() < 0.6 else _PANE


def windows(
    pen: LitPen,
    rng: Rng,
    wall: tuple[float, float, float, float],
    columns: int,
    rows: int,
    now: Moment,
    frame: Color | None,
    small: bool = False,
) -> None:
    """Rows of windows on a wall, and a door if they have a `frame`."""
    x0, y0, x1, y1 = wall
    wide, high = (x1 - x0) / columns, (y1 - y0) / rows
    half = (0.16 if small else 0.26) * wide
    door = int(rng.integers(columns)) if frame is not None else -1
    for row in range(rows):
        for column in range(columns):
            x, y = x0 + (column + 0.5) * wide, y0 + (row + 0.24) * high
            if frame is not None and row == rows - 1 and column == door:
                pen.shape(box(x - 0.55, -2.1, x + 0.55, 0), dark(frame, 0.45))
                continue
            outline = box(x - half, y, x + half, y + (0.34 if small else 0.46) * high)
            pen.shape(outline, pane(rng, now), frame, 0.22)
