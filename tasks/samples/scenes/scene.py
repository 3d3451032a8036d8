"""What a background offers: where in it which objects belong, and the light that falls on them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tasks.samples.drawing.colors import DAY, Rng, Tint
from tasks.samples.drawing.pen import Pen
from tasks.samples.objects import Kind


@dataclass(frozen=True)
class Zone:
    """A band of the frame that some kinds of object belong in.

    `far` and `close` are heights (0 top, 1 bottom) of the foot of what stands or floats, and of the
    middle of what hangs, lies or flies. On ground and water, small things are placed farther away.
    """

    kinds: tuple[Kind, ...]
    far: float
    close: float
    rest: Literal["stand", "float", "hang", "lie", "fly"] = "stand"
    largest: float = 1.0  # side, as a fraction of the frame's shorter one
    smallest: float = 0.09


@dataclass(frozen=True)
class Scene:
    """The zones of a drawn background and the tint of its light."""

    zones: tuple[Zone, ...]
    tint: Tint = DAY


Draw = Callable[[Pen, Rng, float], Scene]  # pen in units of the frame's height, aspect
