"""What keeps a file's tensors from being a network's."""

import torch

from backbone.matching import tensor_faults, without_counters


def tensors(**shapes):
    return {name: torch.zeros(shape) for name, shape in shapes.items()}


def test_equal_tensors_have_no_faults():
    assert tensor_faults(tensors(a=(2, 3), b=(1,)), tensors(b=(1,), a=(2, 3))) == []


def test_each_kind_of_fault_is_counted_and_named():
    ours = tensors(a=(2,), b=(3,), c=(4, 1))
    assert tensor_faults(ours, tensors(c=(4,), d=(1,), e=(1,))) == [
        "2 tensors missing from the file: a, b",
        "2 tensors unexpected in it: d, e",
        "1 tensor of another shape: c is [4] there and [4, 1] here",
    ]


def test_what_starts_anew_may_be_missing_or_of_another_shape_but_not_unknown():
    ours = tensors(a=(2,), b=(3,))
    assert tensor_faults(ours, tensors(a=(5,)), anew=["a", "b"]) == []
    (fault,) = tensor_faults(ours, tensors(c=(1,)), anew=["a", "b", "c"])
    assert fault == "1 tensor unexpected in it: c"


def test_counters_are_no_part_of_the_state():
    norm = torch.nn.Sequential(torch.nn.BatchNorm2d(2))
    assert without_counters(norm.state_dict()).keys() == {
        *("0.weight", "0.bias", "0.running_mean", "0.running_var"),
    }
