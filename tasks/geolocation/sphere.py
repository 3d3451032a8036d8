"""Positions on the sphere: unit vectors and great-circle distance."""

import numpy as np

EARTH_RADIUS_KM = 6371.0088  # the mean radius of the WGS 84 ellipsoid, (2a + b) / 3


def unit_vectors(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Degrees to float64[N,3] on the unit sphere.

    x points to 0, 0 (latitude, longitude), y to 0, 90 and z to the north pole.
    """
    phi, theta = np.radians(latitude), np.radians(longitude)
    across = np.cos(phi)
    return np.stack([across * np.cos(theta), across * np.sin(theta), np.sin(phi)], axis=-1)


def directions(vectors: np.ndarray) -> np.ndarray:
    """Vectors [N,3] of any length to float64[N,2]: latitude and longitude in degrees."""
    x, y, z = np.moveaxis(np.asarray(vectors, np.float64), -1, 0)
    return np.degrees(np.stack([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)], axis=-1))


def great_circle_km(
    latitude: np.ndarray,
    longitude: np.ndarray,
    other_latitude: np.ndarray,
    other_longitude: np.ndarray,
) -> np.ndarray:
    """Distance in km along the sphere between positions in degrees; the arguments broadcast.

    The arctangent form (Vincenty's for equal axes): unlike the arccosine and the haversine it
    loses no digits, neither at coinciding nor at opposite points. On the mean sphere; the
    ellipsoid's geodesics differ from it by at most 0.6%.
    """
    phi, other_phi = np.radians(latitude), np.radians(other_latitude)
    turn = np.radians(np.subtract(other_longitude, longitude))
    sin, cos, other_sin, other_cos = np.sin(phi), np.cos(phi), np.sin(other_phi), np.cos(other_phi)
    across = np.hypot(other_cos * np.sin(turn), cos * other_sin - sin * other_cos * np.cos(turn))
    along = sin * other_sin + cos * other_cos * np.cos(turn)
    return EARTH_RADIUS_KM * np.arctan2(across, along)
