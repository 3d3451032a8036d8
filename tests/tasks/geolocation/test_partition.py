import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from backbone.errors import InputError
from tasks.geolocation.cells import build_partition
from tasks.geolocation.partition import Partition
from tasks.geolocation.sphere import unit_vectors
from tests.tasks.geolocation.conftest import chunks


@pytest.fixture(scope="module")
def partition(places):
    return build_partition(chunks(places), 100, 5)


def assert_equal(a, b):
    assert a.hash == b.hash
    assert (a.cells == b.cells).all()
    assert (a.counts == b.counts).all()
    assert (a.centres == b.centres).all()
    names = ("t_max", "t_min", "max_level", "photographs", "dropped_cells", "dropped_photographs")
    assert all(getattr(a, name) == getattr(b, name) for name in names)


def test_file_and_back(tmp_path, partition):
    partition.save(tmp_path / "x" / "cells")
    assert_equal(Partition.load(tmp_path / "x" / "cells"), partition)
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["cells"]


def test_a_checkpoint_carries_it(tmp_path, partition):
    torch.save({"partition": partition.to_dict()}, tmp_path / "c.ckpt")
    values = torch.load(tmp_path / "c.ckpt", weights_only=True)["partition"]
    assert_equal(Partition.from_dict(values), partition)


def test_the_hash_stands_for_every_field(partition):
    hashes = {partition.hash}
    for name, value in partition.to_dict().items():
        changed = [value[0], *value[:0:-1]] if isinstance(value, list) else value + 1
        hashes.add(Partition(**partition.to_dict() | {name: changed}).hash)
    assert len(hashes) == 10
    with pytest.raises(ValueError, match="read-only"):
        partition.centres[0] = 0


def test_centres_lie_in_their_cells(partition):
    assert (partition.cell_of(*partition.centres.T) == np.arange(len(partition))).all()


def test_polygons_surround_the_centres(partition):
    for i in range(0, len(partition), 7):
        corners = unit_vectors(*partition.polygon(i).T)
        sides = np.cross(corners, np.roll(corners, -1, axis=0))
        # anticlockwise: what is inside lies to the left of every side
        assert (sides @ unit_vectors(*partition.centres[i]) > 0).all()


def test_locate_finds_the_cells_of_a_finer_partition(places):
    coarse, fine = (build_partition(chunks(places), t_max, 5, 10) for t_max in (400, 40))
    inside = coarse.locate(fine.cells)
    assert (inside >= 0).all()
    assert (coarse.cell_of(*fine.centres.T) == inside).all()
    assert (fine.locate(coarse.cells)[coarse.levels < fine.levels.min()] == -1).all()


@pytest.mark.parametrize("place", [(91, 0), (0, 180.1), (np.nan, 0), (0, np.inf)])
def test_no_place_on_earth(partition, place):
    with pytest.raises(InputError, match=r"position 1, latitude .* is not on Earth"):
        partition.cell_of(*np.array([(0, 0), place], float).T)


@pytest.mark.parametrize(
    "change",
    [
        {"cells": []},
        {"cells": [[1]]},
        {"cells": 7},
        {"cells": ["x"]},
        {"cells": [-1]},
        {"cells": [2**70]},
        {"cells": lambda p: [0, *p["cells"][1:]]},
        {"cells": lambda p: [7 << 61 | 1, *p["cells"][1:]]},
        {"cells": lambda p: p["cells"][::-1]},
        {"cells": lambda p: p["cells"][:-1]},
        {"counts": lambda p: [0, *p["counts"][1:]]},
        {"counts": 3},
        {"centres": lambda p: [[91, 0], *p["centres"][1:]]},
        {"centres": lambda p: [[float("nan"), 0], *p["centres"][1:]]},
        {"centres": [1.0]},
        {"centres": {"a": 1}},
        {"max_level": 10**9},
        {"max_level": 2},
        {"max_level": 8.0},
        {"t_max": None},
        {"t_max": "10"},
        {"photographs": -1},
        {"photographs": float("nan")},
        {"else": 1},
    ],
)
def test_damaged_values_are_refused(partition, change):
    """As a damaged or crafted checkpoint may hold them."""
    values = partition.to_dict()
    change = {k: v(values) if callable(v) else v for k, v in change.items()}
    with pytest.raises(InputError, match="the values of the partition are damaged"):
        Partition.from_dict(values | change)
    short = {name: value for name, value in values.items() if name != "counts"}
    with pytest.raises(InputError, match="damaged"):
        Partition.from_dict(short)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"hash": "x"}', '{"hash": "x", "numbers": []}', "[" * 100_000]
)
def test_files_with_damaged_metadata(tmp_path, partition, text):
    arrays = {name: getattr(partition, name) for name in ("cells", "counts", "centres")}
    save_file(arrays, tmp_path / "cells", {"partition": text})
    with pytest.raises(InputError, match=r"cells: not a partition file.*make it again"):
        Partition.load(tmp_path / "cells")
    save_file({"cells": partition.cells}, tmp_path / "cells", {"partition": "{}"})
    with pytest.raises(InputError, match=r"cells: not a partition file.*make it again"):
        Partition.load(tmp_path / "cells")


def test_files_that_are_no_partition(tmp_path, partition):
    path = tmp_path / "cells"
    with pytest.raises(InputError, match="no such file; make it again"):
        Partition.load(path)
    path.write_text("LAT,LON")
    with pytest.raises(InputError, match="not a partition file"):
        Partition.load(path)
    partition.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(InputError, match="not a partition file"):
        Partition.load(path)
    save_file({"weight": np.zeros(1)}, path)
    with pytest.raises(InputError, match="a safetensors file, but not of a partition"):
        Partition.load(path)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(InputError, match="the file has been changed"):
        Partition.load(path)
