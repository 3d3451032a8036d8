"""The best scores of each image, against a stable sort."""

import pytest
import torch

from tasks.detection.selection import best


@pytest.mark.parametrize("count", [1, 20, 100])
def test_equal_scores_are_taken_in_the_order_of_their_columns(count):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(-4, 5, (3, 100), generator=generator) / 4.0
    scores[1, ::7] = -torch.inf
    scores[2, ::3] = torch.tensor(-0.0)
    values, columns = best(scores, count)
    by_sort = scores.sort(dim=1, descending=True, stable=True)
    assert torch.equal(columns, by_sort.indices[:, :count])
    assert torch.equal(values, by_sort.values[:, :count])


def test_scores_that_differ_by_one_bit_are_told_apart():
    ends = torch.tensor([-1e30, -1e-30, 0.0, 1e-30, 1e30])
    scores = torch.cat([ends, ends.nextafter(torch.tensor(torch.inf))])[None]
    values, columns = best(scores, 10)
    assert torch.equal(values, scores.sort(descending=True).values)
    assert torch.equal(scores[0, columns[0]], values[0])


@pytest.mark.cuda
def test_a_gpu_takes_the_same():
    scores = torch.randint(0, 50, (8, 5000), generator=torch.Generator().manual_seed(0)) / 50
    for ours, theirs in zip(best(scores, 1000), best(scores.cuda(), 1000), strict=True):
        assert torch.equal(ours, theirs.cpu())
