"""Positions on the sphere: unit vectors and great-circle distance."""

import numpy as np
from numpy.typing import ArrayLike

EARTH_RADIUS_KM = 6371.0088  # the mean radius of the WGS 84 ellipsoid, (2a + b) / 3


def unit_vectors(latitude: ArrayLike, longitude: ArrayLike) -> np.ndarray:
    """Convert degrees, [N] each, to float64[N, 3] on the unit sphere.

    x points to 0, 0 (latitude, longitude), y to 0, 90 and z to the north pole.
    """
    phi, theta = np.radians(latitude), np.radians(longitude)
    across = np.cos(phi)
    return np.stack([across * np.cos(theta), across * np.sin(theta), np.sin(phi)], axis=-1)


def directions(vectors: ArrayLike) -> np.ndarray:
    """Convert vectors [N, 3] of any length to float64[N, 2], latitude and longitude in degrees."""
    x, y, z = np.moveaxis(np.asarray(vectors, np.float64), -1, 0)
    return np.degrees(np.stack([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)], axis=-1))


def great_circle_km(
    latitude: ArrayLike,
    longitude: ArrayLike,
    other_latitude: ArrayLike,
    other_longitude: ArrayLike,
) -> np.ndarray:
    """Great-circle distance in km between positions in degrees; the arguments broadcast.

    This is the arctangent form (Vincenty's formula for equal axes). Unlike the arccosine and the
    haversine, it loses no digits at coinciding or at opposite points. Geodesics of the ellipsoid
    differ from distances on this mean sphere by at most 0.6%.
    """
    phi, other_phi = np.radians(latitude), np.radians(other_latitude)
    turn = np.radians(np.subtract(other_longitude, longitude))
    sin, cos, other_sin, other_cos = np.sin(phi), np.cos(phi), np.sin(other_phi), np.cos(other_phi)
    across = np.hypot(other_cos * np.sin(turn), cos * other_sin - sin * other_cos * np.cos(turn))
    along = sin * other_sin + cos * other_cos * np.cos(turn)
    return EARTH_RADIUS_KM * np.arctan2(across, along)
