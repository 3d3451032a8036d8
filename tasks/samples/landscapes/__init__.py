"""A small model of the Earth and of what it looks like: climates, plants, buildings, roads."""
