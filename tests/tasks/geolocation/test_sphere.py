import math

import numpy as np
import pytest

from tasks.geolocation.sphere import EARTH_RADIUS_KM, directions, great_circle_km, unit_vectors

HALF = math.pi * EARTH_RADIUS_KM
PARIS, LONDON, NEW_YORK = (48.8566, 2.3522), (51.5074, -0.1278), (40.7128, -74.0060)
SYDNEY, SUVA, APIA = (-33.8688, 151.2093), (-18.1416, 178.4419), (-13.8333, -171.7667)


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        # the angles that s2geometry gives, times the mean radius
        (PARIS, LONDON, 343.557),
        (LONDON, NEW_YORK, 5570.230),
        (SYDNEY, LONDON, 16993.957),
        # across the antimeridian
        (SUVA, APIA, 1150.704),
        ((0, 179.5), (0, -179.5), HALF / 180),
        ((60, 180), (60, -180), 0),
        # poles: the longitude there means nothing
        ((90, 0), (90, 123), 0),
        ((90, 17), (-90, -40), HALF),
        ((90, 5), (0, 77), HALF / 2),
        ((89, 0), (89, 180), HALF / 90),
        # coinciding, near and opposite points, where other formulas lose their digits
        (PARIS, PARIS, 0),
        ((10, 20), (10, 20 + 1e-7), 1e-7 * HALF / 180 * math.cos(math.radians(10))),
        ((10, 20), (-10, -160), HALF),
        ((0, 0), (1e-6, 180), HALF * (1 - 1e-6 / 180)),
    ],
)
def test_distances_that_are_known(here, there, km):
    assert great_circle_km(*here, *there) == pytest.approx(km, rel=2e-6, abs=1e-9)
    assert great_circle_km(*there, *here) == pytest.approx(great_circle_km(*here, *there))


def test_distance_is_the_angle_between_vectors_everywhere(places):
    others = np.roll(places, 1, axis=0)
    a, b = unit_vectors(*places.T), unit_vectors(*others.T)
    # Kahan's angle, well conditioned everywhere too
    chord, sum_ = np.linalg.norm(a - b, axis=1), np.linalg.norm(a + b, axis=1)
    expected = 2 * np.arctan2(chord, sum_) * EARTH_RADIUS_KM
    assert np.abs(great_circle_km(*places.T, *others.T) - expected).max() < 1e-6


def test_distances_broadcast():
    table = great_circle_km(np.zeros((3, 1)), np.zeros((3, 1)), np.zeros(4), np.arange(4.0))
    assert table.shape == (3, 4)
    assert (np.diff(table) > 0).all()


def test_directions_undo_unit_vectors(places):
    back = directions(7 * unit_vectors(*places.T))
    assert great_circle_km(*places.T, *back.T).max() < 1e-6
