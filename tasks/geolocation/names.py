"""Places and cells as people read them."""

from tasks.geolocation.partition import Partition


def place_name(latitude: float, longitude: float, decimals: int = 1) -> str:
    """Such as 48.9°N 2.4°E; a decimal is 11 km."""
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.{decimals}f}°{north} {abs(longitude):.{decimals}f}°{east}"


def token(cell: int) -> str:
    """An S2 cell's id as S2 writes it for people: in hexadecimal, without zeros at the end."""
    return f"{int(cell):016x}".rstrip("0")


def output_id(partition: Partition, cell: int) -> str:
    """What an output is of, the partition included.

    Weights of a classifier are taken over where outputs have the same ids. Those of another
    partition never have: the same cells with other photographs in them have other answers.
    """
    return f"partition {partition.hash[:12]} cell {token(cell)}"
