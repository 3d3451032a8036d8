"""A trained detector, photographs, and the command."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from tasks import predict
from tasks.detection.coco.index import load_index
from tasks.images.files import open_image
from tasks.training.saving import AtomicCheckpointIO
from tests.conftest import call


@pytest.fixture
def checkpoint(detector):
    return detector.path / "best.ckpt"


@pytest.fixture
def command(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # for the default --output
    return partial(call, predict.main)


@pytest.fixture
def photographs(tmp_path):
    """Photographs large and odd: turned, upright, a strip, 16-bit grey, see-through, one pixel."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    y, x = np.mgrid[0:1201, 0:1603]
    waves = np.stack([np.sin(x / 50), np.cos(y / 40), np.sin((x + y) / 70)], 2) * 90 + 128
    large = Image.fromarray(waves.astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    large.save(folder / "large.jpg", quality=95)
    large.save(folder / "turned.jpg", exif=exif)
    large.crop((0, 0, 1603, 90)).save(folder / "strip.jpg")
    large.resize((211, 499)).save(folder / "upright.webp")
    Image.fromarray((waves[:300, :200, 0] * 256).astype(np.uint16)).save(folder / "grey.png")
    see_through = large.resize((64, 48)).convert("RGBA")
    see_through.putalpha(100)
    see_through.save(folder / "see_through.png")
    large.crop((0, 0, 1, 1)).save(folder / "dot.png")
    return folder


@pytest.fixture
def index(photographs, tmp_path):
    """The photographs as a detection set, without boxes, measured as they are seen."""
    sizes = {path.name: open_image(path).size for path in sorted(photographs.iterdir())}
    rows = [
        {"id": i, "file_name": name, "width": width, "height": height}
        for i, (name, (width, height)) in enumerate(sizes.items())
    ]
    content = {"images": rows, "annotations": [], "categories": [{"id": 1, "name": "thing"}]}
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(content))
    return load_index(path, photographs, cache_dir=tmp_path)


def make_confident(checkpoint, path):
    """A copy of a checkpoint with confident outputs, so that there are boxes to look at."""
    state = torch.load(checkpoint, weights_only=True)
    for name, tensor in state["state_dict"].items():
        if name.startswith("head.class_predictors") and name.endswith("bias"):
            tensor.view(-1, 91)[:, 17] = 3.0  # everything is a cat
    AtomicCheckpointIO().save_checkpoint(state, path)  # with the checksum of the new weights
    return path
