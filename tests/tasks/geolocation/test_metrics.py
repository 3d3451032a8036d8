import numpy as np
import pytest
import torch

from backbone.errors import InputError
from tasks.geolocation.cells import build_partition
from tasks.geolocation.metrics import GeolocationScore
from tests.tasks.geolocation.conftest import chunks

KM = 180 / (np.pi * 6371.0088)  # degrees of latitude


@pytest.fixture(scope="module")
def partition(places):
    return build_partition(chunks(places), 100, 5)


def prediction(position, cell):
    return {"position": torch.tensor(position).reshape(-1, 2), "cell": torch.tensor(cell)}


def test_shares_median_and_cells(partition):
    truth = partition.centres[:6].copy()
    off = np.array([0, 0.9, 24, 199, 1000, 3000.0]) * KM
    sign = np.where(truth[:, 0] > 0, -1, 1)  # away from the nearer pole
    guess = truth + np.stack([sign * off, np.zeros(6)], axis=1)
    score = GeolocationScore(partition)
    score.update(prediction(guess, [0, 1, 2, 99, 99, 99]), torch.from_numpy(truth))
    result = score.compute()
    assert result.metrics == {
        "within_1_km": 2 / 6,
        "within_25_km": 3 / 6,
        "within_200_km": 4 / 6,
        "within_750_km": 4 / 6,
        "within_2500_km": 5 / 6,
        "median_km": pytest.approx((24 + 199) / 2),
        "cell_accuracy": 3 / 6,
    }
    assert result.distances == pytest.approx(off / KM)


def test_radii_are_a_choice_and_include_their_edge(partition):
    score = GeolocationScore(partition, radii_km=[0.5, 0.0])
    score.update(prediction([[10.0, 20.0]], [0]), torch.tensor([[10.0, 20.0]]))
    metrics = score.compute().metrics
    assert list(metrics) == ["within_0.5_km", "within_0_km", "median_km", "cell_accuracy"]
    assert metrics["within_0_km"] == 1


def test_a_photograph_outside_of_every_cell_is_a_wrong_one(partition, places):
    outside = places[partition.cell_of(*places.T) < 0][:1]
    score = GeolocationScore(partition)
    score.update(prediction(outside, [-1]), torch.from_numpy(outside))
    assert score.compute().metrics["cell_accuracy"] == 0
    assert score.compute().metrics["within_1_km"] == 1


def test_shares_of_processes_make_the_whole(partition, places):
    rng = np.random.default_rng(0)
    guess, cell = rng.permutation(places), rng.integers(0, 5, len(places))
    whole = GeolocationScore(partition)
    whole.update(prediction(guess, cell), torch.from_numpy(places))
    shares = [GeolocationScore(partition) for _ in range(3)]
    for start in range(0, len(places), 100):
        rows = slice(start, start + 100)
        shares[start // 100 % 3].update(
            prediction(guess[rows], cell[rows]), torch.from_numpy(places[rows])
        )
    merged = shares[0]
    merged.merge([share.state for share in shares])
    assert merged.compute().metrics == whole.compute().metrics
    assert len(merged.compute().distances) == len(places)


def test_no_photograph_scores_minus_one(partition):
    assert set(GeolocationScore(partition).compute().metrics.values()) == {-1}


def test_a_target_that_is_no_place(partition):
    with pytest.raises(InputError, match="not on Earth"):
        GeolocationScore(partition).update(
            prediction([[0.0, 0.0]], [0]), torch.tensor([[95.0, 0.0]])
        )


def test_counted_photographs_are_repeated_photographs(partition, places):
    rng, count = np.random.default_rng(0), 40
    truth, guess = places[:count], rng.permutation(places)[:count]
    guess[:20] = truth[:20] + rng.normal(0, 1, (20, 2))
    cell = partition.cell_of(*truth.T)

    def scored(rows, known=True):
        score = GeolocationScore(partition)
        answer = prediction(guess[rows], cell[rows])
        if known:
            answer["image_id"] = torch.from_numpy(rows)
        score.update(answer, torch.from_numpy(truth[rows]))
        return score.compute()

    (resampling,) = scored(rng.permutation(count)).resamplings  # whatever their order
    counts = np.stack([np.bincount(rng.integers(0, count, count), minlength=count) for _ in "1234"])
    found = resampling.prepare()(counts.astype(np.int32))
    for k, row in enumerate(counts):
        expected = scored(np.repeat(np.arange(count), row)).metrics
        assert {name: values[k] for name, values in found.items()} == pytest.approx(expected)
    assert not scored(np.arange(count), known=False).resamplings
