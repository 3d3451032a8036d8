"""Checkpoints of version 0.1.0 answer as they did."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tasks.training.restore import load_task

FOLDER = Path(__file__).parents[2] / "data/0.1.0"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ckpt")), ids=lambda path: path.stem)
def test_a_checkpoint_of_0_1_0_answers_as_it_did(path):
    task, saved = load_task(path)
    height, width = saved.size
    noise = torch.Generator().manual_seed(0)
    sides = torch.tensor([[height, width]]).repeat(2, 1)
    shape = (2, 3, height, width)
    batch = {
        "image": torch.randint(0, 256, shape, generator=noise, dtype=torch.uint8),
        "size": sides,
        "extent": sides.float(),
    }
    with torch.inference_mode():
        prediction = task.predict(batch)
    expected = load_file(path.with_name(f"{path.stem}-expected.safetensors"))
    for name, values in expected.items():
        found = prediction[name]
        if name == "count":
            found = found.clamp(max=20)
        elif found.ndim > 1 and "count" in expected:
            found = found[:, : values.shape[1]]
        tolerance = {"rtol": 1e-4, "atol": 1e-3 if name == "boxes" else 1e-5}
        torch.testing.assert_close(found, values, **tolerance, msg=lambda m, n=name: f"{n}: {m}")
