"""A joint checkpoint whose parts have batch statistics of their own, read as weights of a trunk."""

import pytest
import torch

from backbone.errors import InputError
from backbone.part_statistics import statistics_of_parts
from backbone.weight_files import read_file

MEAN, VARIANCE = "layer__bn__running_mean", "layer__bn__running_var"


def state(parts: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Own statistics of parts that have seen values float[N, C]."""
    found = {"head.trunk.layer.bn.running_mean": torch.zeros(3)}
    for name, seen in parts.items():
        found[f"head.own_statistics.{name}.{MEAN}"] = seen.mean(0)
        found[f"head.own_statistics.{name}.{VARIANCE}"] = seen.var(0, correction=0)
    return found


def test_all_parts_together_have_the_statistics_of_all_their_images():
    torch.manual_seed(0)
    seen = {"a": torch.randn(50, 3), "b": 4 + 3 * torch.randn(50, 3)}
    found = statistics_of_parts(state(seen), ["a", "b"])
    both = torch.cat(list(seen.values()))
    torch.testing.assert_close(found["layer.bn.running_mean"], both.mean(0))
    torch.testing.assert_close(found["layer.bn.running_var"], both.var(0, correction=0))


def test_one_part_has_its_own_to_the_bit():
    given = state({"a": torch.randn(9, 3), "b": torch.randn(9, 3)})
    found = statistics_of_parts(given, ["b"])
    assert torch.equal(found["layer.bn.running_var"], given[f"head.own_statistics.b.{VARIANCE}"])
    assert torch.equal(found["layer.bn.running_mean"], given[f"head.own_statistics.b.{MEAN}"])


def test_parts_that_share_the_trunks_have_none():
    assert statistics_of_parts({"head.trunk.layer.bn.running_mean": torch.zeros(3)}, ["a"]) == {}


def test_a_part_that_is_not_in_the_file_is_named(tmp_path):
    path = tmp_path / "joint.ckpt"
    content = {
        "config": {"parts": {"a": {}}, "backbone": {}},
        "labels": {"ids": []},
        "state_dict": state({"a": torch.randn(9, 3)}),
    }
    torch.save(content, path)
    assert read_file(path / "a").state["layer.bn.running_mean"].any()
    with pytest.raises(InputError, match=r"has no part 'b'; it has a"):
        read_file(path / "b")
