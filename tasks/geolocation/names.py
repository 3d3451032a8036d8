"""Positions and cells as text."""

from tasks.geolocation.partition import Partition


def place_name(latitude: float, longitude: float, decimals: int = 1) -> str:
    """A position such as 48.9°N 2.4°E; one decimal resolves 11 km."""
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.{decimals}f}°{north} {abs(longitude):.{decimals}f}°{east}"


def token(cell: int) -> str:
    """An S2 cell's token, the usual short form of its id: hexadecimal without trailing zeros."""
    return f"{int(cell):016x}".rstrip("0")


def output_id(partition: Partition, cell: int) -> str:
    """The id of the output for a cell; it includes the partition.

    The weights of a classifier are loaded if the ids of its outputs match. Ids of two partitions
    never match: the same cell with other photographs in it has another answer.
    """
    return f"partition {partition.hash[:12]} cell {token(cell)}"
