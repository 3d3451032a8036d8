"""Networks of timm's to take weights from."""

from typing import Any

import timm
import torch
from torch import nn


def complete(name: str, **options: Any) -> nn.Module:
    """timm's complete network, with tensors that all differ from their initial values."""
    torch.manual_seed(0)
    network: nn.Module = timm.create_model(name, pretrained=False, **options).eval()
    with torch.no_grad():
        for key, value in network.state_dict().items():
            if key.endswith("running_var"):
                value.uniform_(0.8, 1.2)
            elif value.is_floating_point():
                value.add_(torch.randn_like(value), alpha=0.02)
    return network
