"""Which plants grow where, by biome and by biogeographic realm.

The realms are Olson's (BioScience 51, 2001), with East Asia apart from the rest of the Palearctic.
Where a realm has nothing of its own for a biome, the biome's common plants grow.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tasks.samples.drawing.colors import Rng
from tasks.samples.landscapes.climate import Biome
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import Moment
from tasks.samples.landscapes.things import plants as p
from tasks.samples.landscapes.things import trees as t

Draw = Callable[[LitPen, Rng, Moment], None]  # in metres, the foot at the origin


@dataclass(frozen=True)
class Flora:
    """The plants of a biome; a plant named twice is twice as frequent."""

    trees: tuple[Draw, ...]
    low: tuple[Draw, ...]


# for each biome: how many trees stand in an open view, and the share of soil that is green
COVER: dict[Biome, tuple[int, float]] = {
    "rain_forest": (34, 0.95),
    "savanna": (9, 0.75),
    "desert": (3, 0.06),
    "steppe": (3, 0.5),
    "mediterranean": (10, 0.65),
    "subtropical": (14, 0.9),
    "temperate": (16, 1.0),
    "boreal": (30, 0.9),
    "tundra": (0, 0.75),
    "ice": (0, 0.0),
}

_COMMON: dict[Biome, Flora] = {
    "rain_forest": Flora((t.broadleaf, t.palm, t.banana), (p.fern,)),
    "savanna": Flora((t.broadleaf, t.palm), (p.tussock, p.shrub)),
    "desert": Flora((p.shrub,), (p.shrub, p.rock)),
    "steppe": Flora((p.shrub, t.poplar), (p.tussock, p.sage)),
    "mediterranean": Flora((t.broadleaf, t.olive), (p.shrub,)),
    "subtropical": Flora((t.broadleaf, t.fan_palm), (p.shrub,)),
    "temperate": Flora((t.broadleaf, t.broadleaf, t.fir), (p.shrub, p.poppies)),
    "boreal": Flora((t.spruce, t.spruce, t.birch), (p.shrub, p.rock)),
    "tundra": Flora((), (p.tussock, p.rock, p.heather)),
    "ice": Flora((), (p.snow_drift,)),
}

_OWN: dict[tuple[str, Biome], Flora] = {
    ("nearctic", "desert"): Flora((p.saguaro, p.saguaro, p.agave), (p.sage, p.agave)),
    ("nearctic", "temperate"): Flora((t.broadleaf, t.fir, t.fir), (p.shrub, p.tussock)),
    ("nearctic", "boreal"): Flora((t.spruce, t.spruce, t.fir), (p.lupins, p.shrub)),
    ("nearctic", "mediterranean"): Flora((t.broadleaf, t.fan_palm, t.cypress), (p.tussock,)),
    ("nearctic", "subtropical"): Flora((t.fan_palm, t.palm, t.broadleaf), (p.fern, p.tussock)),
    ("neotropic", "rain_forest"): Flora((t.kapok, t.palm, t.banana, t.broadleaf), (p.fern,)),
    ("neotropic", "savanna"): Flora((t.palm, t.palm, t.banana, t.broadleaf), (p.tussock, p.fern)),
    ("neotropic", "desert"): Flora((p.cardon,), (p.ichu, p.rock)),
    ("neotropic", "subtropical"): Flora((t.broadleaf, p.agave, p.cardon), (p.agave, p.tussock)),
    ("neotropic", "temperate"): Flora((t.araucaria, t.poplar), (p.ichu, p.ichu, p.lupins)),
    ("andes", "temperate"): Flora((t.eucalypt, p.cardon), (p.ichu, p.ichu, p.agave)),
    ("palearctic", "desert"): Flora((t.date_palm,), (p.rock, p.shrub)),
    ("palearctic", "steppe"): Flora((t.poplar, t.date_palm), (p.tussock, p.sage)),
    ("palearctic", "mediterranean"): Flora(
        (t.cypress, t.stone_pine, t.olive, t.olive), (p.shrub, p.poppies)
    ),
    ("palearctic", "temperate"): Flora((t.broadleaf, t.broadleaf, t.poplar), (p.shrub, p.poppies)),
    ("east_palearctic", "temperate"): Flora((t.birch, t.broadleaf, t.fir), (p.shrub, p.poppies)),
    ("palearctic", "boreal"): Flora((t.spruce, t.birch, t.birch), (p.heather, p.rock)),
    ("inner_asia", "steppe"): Flora((t.poplar,), (p.tussock, p.tussock, p.sage)),
    ("inner_asia", "mediterranean"): Flora((t.poplar, t.poplar, t.broadleaf), (p.sage, p.poppies)),
    ("east_asia", "temperate"): Flora((t.poplar, t.cherry, t.stone_pine), (p.shrub,)),
    ("east_asia", "subtropical"): Flora((t.bamboo, t.cherry, t.fir, t.stone_pine), (p.fern,)),
    ("afrotropic", "rain_forest"): Flora(
        (t.umbrella_tree, t.umbrella_tree, t.broadleaf, t.banana), (p.fern,)
    ),
    ("afrotropic", "savanna"): Flora((t.acacia, t.acacia, p.euphorbia), (p.tussock,)),
    ("afrotropic", "desert"): Flora((t.acacia, p.euphorbia), (p.tussock, p.rock)),
    ("afrotropic", "mediterranean"): Flora((t.stone_pine, t.cypress), (p.aloe, p.aloe, p.heather)),
    ("west_africa", "savanna"): Flora((t.baobab, t.palm, t.banana), (p.tussock,)),
    ("west_africa", "steppe"): Flora((t.baobab, t.acacia), (p.tussock, p.rock)),
    ("west_africa", "rain_forest"): Flora(
        (t.umbrella_tree, t.umbrella_tree, t.broadleaf, t.banana), (p.fern,)
    ),
    ("indomalaya", "rain_forest"): Flora((t.dipterocarp, t.broadleaf, t.banana), (p.fern,)),
    ("indomalaya", "savanna"): Flora((t.palm, t.palm, t.banana, t.bamboo), (p.fern,)),
    ("indomalaya", "steppe"): Flora((t.date_palm, t.acacia), (p.tussock, p.shrub)),
    ("indomalaya", "temperate"): Flora((t.fir, t.bamboo, t.broadleaf), (p.fern, p.poppies)),
    ("australasia", "desert"): Flora((t.eucalypt,), (p.spinifex, p.spinifex, p.termite_mound)),
    ("australasia", "subtropical"): Flora((t.eucalypt, t.eucalypt, t.tree_fern), (p.tussock,)),
    ("australasia", "temperate"): Flora((t.tree_fern, t.fir, t.poplar), (p.flax, p.lupins)),
    ("oceania", "rain_forest"): Flora((t.palm, t.palm, t.tree_fern, t.banana), (p.fern,)),
}


def flora(realm: str, biome: Biome) -> Flora:
    """Return the plants of a biome in a realm."""
    return _OWN.get((realm, biome), _COMMON[biome])
