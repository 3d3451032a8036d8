import numpy as np
import pytest

from backbone.errors import InputError
from tasks.geolocation import s2
from tasks.geolocation.cells import build_partition
from tasks.geolocation.hierarchy import hierarchy_levels
from tasks.geolocation.sphere import great_circle_km
from tests.tasks.geolocation.conftest import chunks


@pytest.fixture(scope="module")
def partition(places):
    return build_partition(chunks(places), 60, 5)


def test_without_factors_there_is_the_partition_alone(partition):
    (own,) = hierarchy_levels(partition, [])
    assert (own.cells == partition.cells).all()
    assert (own.ancestor == np.arange(len(partition))).all()
    assert (own.centres == partition.centres).all()


def test_coarser_cells_hold_the_finer_ones_and_part_the_same_photographs(partition):
    coarse, middle, own = hierarchy_levels(partition, [10, 3])
    assert len(coarse.cells) < len(middle.cells) < len(own.cells)
    for level, t_max in ((coarse, 600), (middle, 180)):
        first, last = s2.ranges(level.cells)
        assert (last[:-1] < first[1:]).all(), "disjoint and in order"
        inside = level.ancestor
        assert (first[inside] <= partition.cells).all()
        assert (partition.cells <= last[inside]).all()
        counts = np.bincount(inside, partition.counts)
        split = s2.cell_levels(level.cells) < partition.levels.max()
        assert (counts[split] <= t_max).all()
        # coarse as can be: the parents hold more than t_max
        for cell in level.cells[s2.cell_levels(level.cells) > 0]:
            parent = s2.parents(np.array([cell]), int(s2.cell_levels(np.array([cell]))[0]) - 1)
            low, high = s2.ranges(parent)
            held = (low <= partition.cells) & (partition.cells <= high)
            assert partition.counts[held].sum() > t_max


def test_a_coarser_partition_of_kept_photographs_is_what_build_makes(places):
    """With nothing dropped the two ways to it are one."""
    fine, coarse = (build_partition(chunks(places), t_max, 1, 8) for t_max in (60, 300))
    level, _ = hierarchy_levels(fine, [5])
    assert (level.cells == coarse.cells).all()
    assert (level.ancestor == coarse.locate(fine.cells)).all()
    # a mean of means, in which cells of scattered photographs weigh a little more than they should
    assert great_circle_km(*level.centres.T, *coarse.centres.T).max() < 30


@pytest.mark.parametrize("factors", [[1], [2, 5], [0.5], [3, 3]])
def test_factors_that_do_not_descend(partition, factors):
    with pytest.raises(InputError, match=r"data\.coarser=.* such as \[5,2\]"):
        hierarchy_levels(partition, factors)


def test_the_number_of_levels_is_bounded(partition):
    with pytest.raises(InputError, match=r"data\.coarser has 1,000 factors"):
        hierarchy_levels(partition, list(range(1001, 1, -1)))
