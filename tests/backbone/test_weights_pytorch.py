"""Weights in PyTorch's files: checkpoints of runs, and state dicts as other tools wrap them."""

import argparse
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from backbone import weights
from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.weight_files import read_file
from tasks.training.checkpoints import read_checkpoint
from tests.backbone.trunks import IDS, keras_state, random_trunk, write_checkpoint


@pytest.mark.slow
def test_a_checkpoint_of_a_run_fills_trunk_and_classifier(tmp_path):
    source, fc = random_trunk(padding="symmetric"), nn.Linear(256, 10)
    path = write_checkpoint(tmp_path / "best.ckpt", source, fc, IDS)
    target, target_fc = MobileNetV1(alpha=0.25), nn.Linear(256, 10)
    report = weights.load_weights(target, path, target_fc, classes=IDS)
    for key, value in source.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            assert torch.equal(target.state_dict()[key], value), key
    assert torch.equal(target_fc.weight, fc.weight)
    assert report.classifier_loaded
    assert report.differs == {"padding": ("symmetric", "same")}

    with pytest.raises(InputError, match=r"fits a MobileNetV1 with alpha=0\.25"):
        weights.load_weights(MobileNetV1(), path)
    with pytest.raises(InputError, match="is for a MobileNetV1, but this trunk is a MobileNetV2"):
        weights.load_weights(MobileNetV2(), path)


def test_a_checkpoint_whose_head_has_no_classifier(tmp_path):
    path = write_checkpoint(tmp_path / "best.ckpt", random_trunk(), None, [1, 2])
    report = weights.load_weights(MobileNetV1(alpha=0.25), path, nn.Linear(256, 2), classes=[1, 2])
    assert not report.classifier_loaded
    assert "no classifier in it" in str(report)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": {f"module.{k}": v for k, v in state.items()}, "epoch": 3},
        lambda state: {"model": {}, "model_ema": {f"module.{k}": v for k, v in state.items()}},
        lambda state: {"state_dict": state, "args": argparse.Namespace(lr=0.1), "version": 2},
        lambda state: {"state_dict": {f"model.{k}": v for k, v in state.items()}},
        lambda state: {"ema": {f"module._orig_mod.{k}": v for k, v in state.items()}},
        lambda state: (
            {f"backbone.{k}": v for k, v in state.items()}
            | {"bbox_head.conv.weight": torch.ones(1)}
        ),
    ],
    ids=["plain", "of a training", "average first", "timm's", "Lightning's", "compiled", "a part"],
)
def test_a_state_dict_of_pytorch(tmp_path, wrap):
    source = random_trunk()
    torch.save(wrap(keras_state(source)), tmp_path / "a.pth")
    target, fc = MobileNetV1(alpha=0.25), nn.Linear(256, 10)
    report = weights.load_weights(target, tmp_path / "a.pth", fc)
    assert (report.names, len(report.matched)) == ("keras", 137)
    assert set(report.dropped) <= {"bbox_head.conv.weight"}
    assert torch.equal(target.conv9.pointwise.conv.weight, source.conv9.pointwise.conv.weight)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"state_dict": {}, "epoch": 3}, "holds no state dict"),
        (nn.Linear(2, 2), "more than tensors and plain containers"),
        ({"model": nn.Linear(2, 2)}, "a pickled torch.nn.modules.linear.Linear.*state_dict"),
        (b"PK\x03\x04 and no archive", "is damaged"),
        ({"state_dict": {"a": torch.zeros(1)}, "config": {}, "labels": {}}, "without a trunk"),
    ],
    ids=["empty", "pickled module", "one among others", "damaged", "no trunk"],
)
def test_a_file_of_pytorch_without_weights(tmp_path, content, message):
    path = tmp_path / "a.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(InputError, match=message) as error:
        weights.load_weights(MobileNetV1(), path)
    assert str(path) in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.slow
def test_a_whole_model_cut_short(tmp_path):
    torch.save(MobileNetV1(alpha=0.25), tmp_path / "a.pth")
    whole = (tmp_path / "a.pth").read_bytes()
    for size in (5000, len(whole) // 2):
        (tmp_path / "a.pth").write_bytes(whole[:size])
        with pytest.raises(InputError, match="is damaged"):
            weights.load_weights(MobileNetV1(alpha=0.25), tmp_path / "a.pth")


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", [torch.ones(2), np.ones(2)], ids=["tensor", "array"])
def test_what_pickle_dump_wrote_is_told_as_that(tmp_path, protocol, value):
    path = tmp_path / "a.pth"
    path.write_bytes(pickle.dumps({"conv.weight": value}, protocol))
    for read in (read_file, read_checkpoint):
        with pytest.raises(InputError, match=r"written by pickle\.dump") as error:
            read(path)
        assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"(", b"}\0\0\0\0\0\0\0{}", b"c\n", b"\x80\x09abc", b"\x80"])
def test_other_bytes_are_no_pickle(tmp_path, content):
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with pytest.raises(InputError, match="nor one of PyTorch's or Keras's"):
        read_file(path)


def test_what_torch_save_wrote_before_zip_archives_is_read(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    assert read_file(tmp_path / "a.pth").state["a"].tolist() == [1, 1]


def test_a_changed_byte_in_a_tensor_is_found(tmp_path):
    path, values = tmp_path / "a.pth", torch.arange(1000.0)
    torch.save({"conv.weight": values}, path)
    whole = path.read_bytes()
    at = whole.index(values.numpy().tobytes()) + 2000
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(InputError, match=r"is damaged.*the checksum of a/data/0 is wrong"):
        read_file(path)
    torch.serialization.set_crc32_options(False)  # a file without checksums is one all the same
    try:
        torch.save({"conv.weight": values}, path)
    finally:
        torch.serialization.set_crc32_options(True)
    assert torch.equal(read_file(path).state["conv.weight"], values)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("net.onnx", r"ONNX's format, which is not read: .*torch\.save\(model\.state_dict"),
        ("net.PT2", r"a program of torch\.export"),
        ("net.keras", r'Keras 3 archive.*model\.save\("NAME\.h5"\)'),
        ("model.ckpt.data-00000-of-00001", r"TensorFlow checkpoint.*an \.npz file"),
        ("model.safetensors.index.json", "name a file that holds tensors"),
    ],
)
def test_formats_that_are_not_read_are_named(tmp_path, name, message):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=message):
        read_file(tmp_path / name)


def test_a_file_without_tensors(tmp_path):
    np.savez(tmp_path / "a.npz", name=np.array("text"))
    with pytest.raises(InputError, match=r"a\.npz holds no tensors"):
        read_file(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.tensor([1.0, float("nan")]), "values that are infinite or NaN"),
        (torch.tensor([1.0, float("inf")], dtype=torch.bfloat16), "infinite or NaN"),
        (torch.ones(2, device="meta"), "a shape but no values"),
        (torch.eye(2).to_sparse(), "an unsupported kind"),
        (torch.ones(2, dtype=torch.complex64), "an unsupported kind"),
    ],
    ids=["nan", "infinite", "meta", "sparse", "complex"],
)
def test_tensors_of_no_use_are_named(tmp_path, value, message):
    torch.save({"conv.weight": torch.ones(2), "fc.bias": value}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=rf"a\.pth: its tensor fc\.bias .*{message}"):
        read_file(tmp_path / "a.pth")


@pytest.mark.parametrize(("given", "message"), [
    ("https://x.org/a.pth", "a URL; download the file"), (".", "a folder; name the weights file"),
])  # fmt: skip
def test_what_is_no_file_is_named(tmp_path, monkeypatch, given, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        read_file(Path(given))
