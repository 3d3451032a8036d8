"""The backgrounds behind objects: nature, town and indoors. `SCENES` gives their probabilities."""

from tasks.samples.scenes.indoors import room, shelves, tabletop
from tasks.samples.scenes.nature import beach, lake, meadow, snow
from tasks.samples.scenes.scene import Draw
from tasks.samples.scenes.town import country_road, street

SCENES: tuple[tuple[Draw, float], ...] = (
    (meadow, 0.14),
    (beach, 0.11),
    (lake, 0.07),
    (snow, 0.07),
    (street, 0.15),
    (country_road, 0.07),
    (room, 0.16),
    (shelves, 0.11),
    (tabletop, 0.12),
)
