"""Peoples, one module per region of the world; `PEOPLES` finds them by the gazetteer's names."""

from tasks.samples.landscapes.peoples import africa, americas, asia, europe, oceania, orient
from tasks.samples.landscapes.peoples.people import People

PEOPLES: dict[str, People] = {
    name.lower(): people
    for part in (americas, europe, africa, orient, asia, oceania)
    for name, people in vars(part).items()
    if isinstance(people, People)
}
