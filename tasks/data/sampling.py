"""The training images of an epoch if classes are not to be drawn at their own frequencies."""

import numpy as np

from backbone.errors import number_of


class BalancedDraw:
    """As many images as the set has, with each class in proportion to a power of its images.

    With n_k images of class k, its share of an epoch is proportional to n_k^(1 - balance). At 1 all
    classes come up equally often. At 0.5 this is square-root sampling, as in arXiv 1805.00932,
    section 2.2. The draws of a class use its images in turn, in random order, so the uses of any
    two images of a class differ by at most one. Classes without images are left out.

    Args:
        labels: int64[N], the class of each image.
        classes: K, the number of classes.
        balance: 0..1.
    """

    def __init__(self, labels: np.ndarray, classes: int, balance: float):
        self.labels, self.balance = labels, balance
        self.counts = np.bincount(labels, minlength=classes)

    @property
    def expected(self) -> np.ndarray:
        """float64[K], the expected draws of each class in an epoch."""
        powers = np.zeros(len(self.counts))
        some = self.counts > 0
        powers[some] = self.counts[some] ** (1 - self.balance)
        mean: np.ndarray = len(self.labels) * powers / powers.sum()
        return mean

    def __call__(self, rng: np.random.Generator) -> np.ndarray:
        """int64[N], the rows of an epoch's images in order; some occur more than once."""
        total = len(self.labels)
        # rounded up or down by less than one each, so that they add up to N
        ends = np.floor(self.expected.cumsum() + rng.random()).astype(np.int64)
        ends[-1] = total
        draws = np.diff(ends, prepend=0)
        of_class = np.lexsort((rng.random(total), self.labels))  # each class's rows, shuffled
        turn = np.arange(total) - np.repeat(ends - draws, draws)
        first, count = (
            np.repeat(values, draws) for values in (self.counts.cumsum() - self.counts, self.counts)
        )
        return rng.permutation(of_class[first + turn % count])

    def __str__(self) -> str:
        drawn = self.expected[self.counts > 0]
        least, most = round(drawn.min()), round(drawn.max())
        each = f"{most:,}" if least == most else f"{least:,} to {most:,}"
        return f"an epoch draws {number_of(len(self.labels), 'image')}, {each} of each class"


def times_before(values: np.ndarray) -> np.ndarray:
    """int64[N], for each of int64[N] values, the number of times that it occurs earlier."""
    order = values.argsort(kind="stable")
    first = np.searchsorted(values[order], values[order])
    found = np.empty_like(order)
    found[order] = np.arange(len(values)) - first
    return found
