"""Saving a trunk's weights and loading them, under every name."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from backbone import weights
from backbone.errors import InputError
from backbone.matching import without_counters
from backbone.mobilenet_v1 import MobileNetV1
from tests.backbone.trunks import keras_state, random_trunk

DATA = Path(__file__).resolve().parents[2] / "../shared/data"


KERAS = DATA / "weights/mobilenet_v1_0.75_224_keras_float.safetensors"


SAMPLES = DATA / "imagenet_samples"


needs_keras_weights = pytest.mark.skipif(not KERAS.is_file(), reason="no Keras weights at hand")


def test_save_and_load_round_trip(tmp_path):
    source = random_trunk().to(memory_format=torch.channels_last)
    fc = nn.Linear(256, 10)
    weights.save_weights(source, tmp_path / "new folder/a.safetensors", classifier=fc)
    assert [p.name for p in (tmp_path / "new folder").iterdir()] == ["a.safetensors"]

    target, target_fc = MobileNetV1(alpha=0.25).eval(), nn.Linear(256, 10)
    report = weights.load_weights(
        target, tmp_path / "new folder/a.safetensors", classifier=target_fc
    )
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(target(x), source(x))
    assert torch.equal(target_fc.weight, fc.weight)
    assert torch.equal(target_fc.bias, fc.bias)
    assert (report.names, len(report.matched), report.dropped) == ("native", 137, ())
    assert report.classifier_loaded


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    weights.save_weights(random_trunk(), path)
    before = path.read_bytes()

    def break_off(state, name, metadata):
        Path(name).write_bytes(b"half a file")
        raise OSError("disk full")

    monkeypatch.setattr(weights, "save_file", break_off)
    with pytest.raises(OSError, match="disk full"):
        weights.save_weights(random_trunk(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_keras_names_are_detected_and_the_classifier_is_offered(tmp_path):
    source, path = random_trunk(), tmp_path / "keras.safetensors"
    state = keras_state(source)
    save_file(state, path)

    target = MobileNetV1(alpha=0.25)
    report = weights.load_weights(target, path)
    for key, value in without_counters(source.state_dict()).items():
        assert torch.equal(target.state_dict()[key], value), key
    assert sorted(report.dropped) == ["fc.bias", "fc.weight"]
    assert str(report) == (
        f"trunk weights: {path} (keras names): 135 tensors matched, "
        "dropped classifier of 10 classes (none here)"
    )
    fc = nn.Linear(256, 10)
    assert weights.load_weights(target, path, fc).classifier_loaded
    assert torch.equal(fc.weight, state["fc.weight"])
    assert torch.equal(fc.bias, state["fc.bias"])


def test_our_own_files_remember_the_padding_too(tmp_path):
    weights.save_weights(random_trunk(padding="symmetric"), tmp_path / "a.safetensors")
    report = weights.load_weights(MobileNetV1(alpha=0.25), tmp_path / "a.safetensors")
    assert report.differs == {"padding": ("symmetric", "same")}


@pytest.mark.parametrize(
    ("content", "begins"),
    [
        (b"", "b''"),
        (b"<!DOCTYPE html><html>not found</html>", "not weights, but a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not weights, but a pointer of Git LFS"),
        (None, "it begins with"),
    ],
    ids=["empty", "html", "git-lfs pointer", "truncated"],
)
def test_a_file_that_is_no_safetensors_file(tmp_path, content, begins):
    path = tmp_path / "a.safetensors"
    if content is None:
        weights.save_weights(random_trunk(), path)
        content = path.read_bytes()[:-1000]
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        weights.load_weights(MobileNetV1(), path)
    assert str(path) in str(error.value)
    assert begins in str(error.value)


def test_no_such_file(tmp_path):
    with pytest.raises(InputError, match=r"absent\.safetensors: there is no such weights file"):
        weights.load_weights(MobileNetV1(), tmp_path / "absent.safetensors")


@pytest.mark.slow
@needs_keras_weights
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ImageNet photographs at hand")
def test_keras_weights_know_imagenet():
    trunk, fc = MobileNetV1(alpha=0.75).eval(), nn.Linear(768, 1000)
    assert weights.load_weights(trunk, KERAS, classifier=fc).differs == {}
    with (SAMPLES / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    images = torch.stack([photograph(SAMPLES / "images" / row["file"]) for row in rows])
    labels = torch.tensor([int(row["class_index"]) for row in rows])
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in trunk.normalization)
    with torch.inference_mode():
        predictions = torch.cat(
            [fc(trunk((x / 255 - mean) / std).mean((2, 3))).argmax(1) for x in images.split(24)]
        )
    top1 = (predictions == labels).float().mean().item()
    print(f"top-1 of {len(rows)} ImageNet photographs: {top1:.1%}")
    assert len(rows) == 120
    # Measured 84.2% (101). Symmetric padding gives 70%, ImageNet's mean and deviation 72%.
    assert top1 >= 0.80


def photograph(path):
    """Shorter side to 256 (bilinear), central 224: float[3, 224, 224] of 0..255."""
    with Image.open(path) as image:
        image = image.convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize(
        (round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR
    )
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    pixels = np.array(image.crop((left, top, left + 224, top + 224)), dtype=np.float32)
    return torch.from_numpy(pixels).permute(2, 0, 1)
