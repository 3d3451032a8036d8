"""Files of weights that are damaged or crafted: a message for each, and no memory claimed."""

import errno
import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from backbone.errors import InputError
from backbone.file_tensors import tensor_of
from backbone.mobilenet_v1 import MobileNetV1
from backbone.npz import NPZ_ERRORS, read_npz
from backbone.weight_files import read_file


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("not a tensor", lambda state: state | {"text": "text"}),
        ("nested", lambda s: s | {"x": torch.nested.nested_tensor([torch.ones(2)])}),
        ("claims 4,398,046,511,104 values", lambda s: s | {"x": torch.ones(1).expand(2**42)}),
        ("variances below 0", lambda s: s | {"conv0.bn.running_var": -torch.ones(8)}),
        ("float4", lambda s: s | {"x": torch.ones(1).byte().view(torch.float4_e2m1fn_x2)}),
        ("no values", lambda s: s | {"x": torch.ones(1, device="meta")}),
    ],
)
def test_a_tensor_that_is_no_weight_is_named(name, change, tmp_path):
    state = change(MobileNetV1(alpha=0.25).state_dict())
    torch.save(state, tmp_path / "x.pth")
    if name == "not a tensor":  # which is passed over in files of others
        content = {"config": {"backbone": {}}, "labels": {"ids": []}}
        state = {f"head.trunk.{key}": value for key, value in state.items()}
        torch.save(content | {"state_dict": state}, tmp_path / "x.pth")
    with pytest.raises(InputError, match=name):
        read_file(tmp_path / "x.pth")


def test_small_floats_are_weights(tmp_path):
    torch.save({"conv.weight": torch.ones(2).to(torch.float8_e4m3fn)}, tmp_path / "x.pth")
    assert read_file(tmp_path / "x.pth").state["conv.weight"].float().tolist() == [1.0, 1.0]


def test_a_large_tensor_that_is_all_in_the_file_is_a_weight(monkeypatch, tmp_path):
    monkeypatch.setattr("backbone.file_tensors.LARGEST", 16)
    torch.save({"fc.weight": torch.ones(100)}, tmp_path / "x.pth")
    assert len(read_file(tmp_path / "x.pth").state["fc.weight"]) == 100


def test_weights_without_permission_are_not_called_damaged(monkeypatch, tmp_path):
    torch.save({"fc.weight": torch.ones(1)}, tmp_path / "x.pth")

    def refuse(path: Path, *mode: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"x\.pth: permission denied"):
        read_file(tmp_path / "x.pth")


@pytest.mark.parametrize(
    "content",
    [
        {"config": []},
        {"config": {"backbone": "text"}},
        {"config": {"backbone": {"_name_": []}}},
        {"config": {"backbone": {"_target_": 7}}},
        {"config": {"backbone": {}, "parts": 7}},
        {"labels": {}},
        {"labels": {"ids": 7}},
        {"state_dict": []},
        {"state_dict": {7: torch.ones(1)}},
    ],
)
def test_a_checkpoint_of_another_form_is_refused(content, tmp_path):
    whole = {"config": {"backbone": {}}, "labels": {"ids": []}}
    whole["state_dict"] = {"head.trunk.x": torch.ones(1)}
    torch.save(whole | content, tmp_path / "x.ckpt")
    with pytest.raises(InputError, match=r"x\.ckpt"):
        read_file(tmp_path / "x.ckpt")


def test_a_mapping_that_contains_itself_ends(tmp_path):
    outer, inner = {}, {}
    outer["model"], inner["state_dict"] = inner, outer
    torch.save(outer, tmp_path / "x.pth")
    with pytest.raises(InputError, match="no state dict"):
        read_file(tmp_path / "x.pth")


@pytest.mark.parametrize("options", ["{", "[1]", "null", "[" * 10_000, '{"a": ' + "9" * 5000 + "}"])
def test_options_that_cannot_be_read_are_refused(options, tmp_path):
    save_file({"x": torch.ones(1)}, tmp_path / "x.safetensors", {"options": options})
    with pytest.raises(InputError, match=r"x\.safetensors cannot be read as weights"):
        read_file(tmp_path / "x.safetensors")


def members(path, **files: bytes):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.npy", content)


def test_an_archive_of_arrays_that_are_none(tmp_path):
    members(tmp_path / "x.npz", a=b"text")
    header = io.BytesIO()
    huge = {"descr": "<f4", "fortran_order": False, "shape": (2**50,)}
    np.lib.format.write_array_header_1_0(header, huge)
    members(tmp_path / "y.npz", a=header.getvalue())
    for name in ("x.npz", "y.npz"):
        with pytest.raises(NPZ_ERRORS):
            read_npz(tmp_path / name)
        with pytest.raises(InputError, match=name):
            read_file(tmp_path / name)


@pytest.mark.parametrize("kind", [">f4", "<f2", ">i8", np.longdouble])
def test_numbers_of_any_kind_are_the_same_tensor(kind):
    assert tensor_of(np.array([1, 2, 3], kind)).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "write",
    [
        lambda file: file.attrs.create("layer_names", 7),
        lambda file: file.attrs.create("layer_names", [b"\xff"]),
        lambda file: file.create_dataset("model_weights", data=[1.0]),
        lambda file: file.create_dataset("a/kernel:0", (2**34,), "f4", chunks=(1024,)),
    ],
)
def test_a_file_of_keras_that_is_none(write, tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        if "kernel" in write.__code__.co_consts:
            file.attrs["layer_names"] = ["a"]
        write(file)
    with pytest.raises(InputError, match=r"x\.h5"):
        read_file(tmp_path / "x.h5")


def test_a_frozen_graph_that_claims_memory(tmp_path):
    graphs = pytest.importorskip("tensorboard.compat.proto.graph_pb2")
    graph = graphs.GraphDef()
    node = graph.node.add(op="Const", name="a")
    node.attr["dtype"].type = 1
    tensor = node.attr["value"].tensor
    tensor.dtype = 1
    tensor.tensor_shape.dim.add().size = 2**34
    tensor.float_val.append(1)
    (tmp_path / "x.pb").write_bytes(graph.SerializeToString())
    with pytest.raises(InputError, match=r"17,179,869,184 values"):
        read_file(tmp_path / "x.pb")
