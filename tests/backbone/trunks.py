"""Trunks with random tensors, and files that hold them."""

import torch

from backbone.matching import without_counters
from backbone.mobilenet_v1 import MobileNetV1

IDS = [f"n{i:08}" for i in range(10)]


def random_trunk(**options):
    """A trunk whose tensors all differ from their initial values."""
    trunk = MobileNetV1(**{"alpha": 0.25} | options).eval()
    with torch.no_grad():
        for value in without_counters(trunk.state_dict()).values():
            value.uniform_(0.1, 0.4)
    return trunk


def keras_state(trunk):
    """A trunk's tensors under Keras's names, with a classifier of 10 classes."""
    layers = {"depthwise.conv": "dw", "depthwise.bn": "dwbn"}
    layers |= {"pointwise.conv": "pw", "pointwise.bn": "pwbn", "conv": "conv", "bn": "bn"}
    state = {
        "fc.weight": torch.randn(10, trunk.feature_info["conv13"].channels),
        "fc.bias": torch.randn(10),
    }
    for key, value in without_counters(trunk.state_dict()).items():
        row, _, rest = key.partition(".")
        layer, _, tensor = rest.rpartition(".")
        state[f"{layers[layer]}{row.removeprefix('conv')}.{tensor}"] = value
    return state


def write_checkpoint(path, trunk, fc, ids, **more):
    """The parts of a checkpoint of tasks.run that weights are read from."""
    state = {f"head.trunk.{k}": v for k, v in trunk.state_dict().items()}
    state |= {f"head.fc.{k}": v for k, v in fc.state_dict().items()} if fc else {}
    backbone = {"_target_": f"{type(trunk).__module__}.{type(trunk).__name__}", "weights": None}
    content = {
        "state_dict": state | {"head.extra": torch.zeros(3)},
        "config": {"backbone": backbone | trunk.options},
        "labels": {"num_classes": len(ids), "ids": ids, "names": ids, "outputs": []},
    }
    torch.save(content | more, path)
    return path
