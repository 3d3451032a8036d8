"""Peoples by the name that the gazetteer calls them."""

from tasks.samples.landscapes.peoples import africa, americas, asia, europe, oceania, orient
from tasks.samples.landscapes.peoples.people import People

PEOPLES: dict[str, People] = {
    name.lower(): people
    for part in (americas, europe, africa, orient, asia, oceania)
    for name, people in vars(part).items()
    if isinstance(people, People)
}
