"""Gradients are clipped under every optimizer and precision that a run may have."""

import pytest
import torch
from torch import nn

from tasks.training.clipping import clip_gradients

CLIP = 0.5


def stepped(fused: bool, scaler: torch.amp.GradScaler | None, algorithm: str | None) -> nn.Linear:
    """A layer after one clipped AdamW step on gradients far above the limit."""
    torch.manual_seed(0)
    layer = nn.Linear(8, 4)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1, eps=1.0, fused=fused)
    loss = (100 * layer(torch.randn(16, 8))).square().mean()
    (loss if scaler is None else scaler.scale(loss)).backward()
    if scaler is not None and not fused:  # what Lightning does before it asks to clip
        scaler.unscale_(optimizer)
    clip_gradients(optimizer, scaler, CLIP, algorithm)
    gradients = torch.cat([p.grad.flatten() for p in layer.parameters()])
    size = gradients.abs().max() if algorithm == "value" else gradients.norm()
    assert size == pytest.approx(CLIP, rel=1e-4)
    if scaler is None:
        optimizer.step()
    else:
        scaler.step(optimizer)
        scaler.update()
    return layer


@pytest.mark.parametrize("algorithm", [None, "norm", "value"])
@pytest.mark.parametrize("fused", [False, True])
def test_a_scaled_step_is_the_step_without_a_scaler(fused, algorithm):
    plain = stepped(fused, None, algorithm)
    scaled = stepped(fused, torch.amp.GradScaler("cpu", init_scale=1024.0), algorithm)
    for one, two in zip(plain.parameters(), scaled.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-7)
