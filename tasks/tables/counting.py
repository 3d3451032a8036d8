"""The cost of a row's network, counted on the network itself."""

import json
from functools import cache
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import nn

from backbone.cost import Cost, cost
from tasks.cli.configuration import composed_config
from tasks.images.files import image_size
from tasks.tables.reading import Row, Table
from tasks.training.build import build_head


def compose_row(*overrides: str) -> DictConfig:
    """A configuration that the caller may change."""
    return composed_config(*overrides).copy()


def network_of(config: DictConfig) -> dict[str, Any]:
    """The parts that define a configuration's network: trunk, head and size, but no weights."""
    backbone, head = (
        OmegaConf.to_container(node, resolve=True) for node in (config.backbone, config.task.head)
    )
    assert isinstance(backbone, dict)
    assert isinstance(head, dict)
    for node in (backbone, head):
        node.pop("weights", None)
    size = config.size if isinstance(config.size, int) else list(config.size)
    return {"backbone": backbone, "head": head, "size": size}


def count_row(row: Row, table: Table) -> Cost | None:
    """Mult-adds for one image, and parameters, counted as in the table; None if it is not public.

    The network is built on torch's meta device: nothing is computed, and no weights are loaded.
    """
    if row.overrides is not None:
        network = network_of(compose_row(*row.overrides))
    elif row.network is not None:
        network = {"network": row.network, "size": row.size}
    else:
        return None
    # cached, since tables share rows, and the five rows of Table 11 are one network
    return _count(json.dumps(network), None if table.body else table.outputs)


@cache
def _count(network: str, outputs: int | None) -> Cost:
    parts = json.loads(network)
    with torch.device("meta"):
        images = torch.empty(1, 3, *image_size(parts["size"]))
        module = build_row(parts, outputs)
        return cost(module, images, method=getattr(module, "network", module))


def build_row(parts: dict[str, Any], outputs: int | None) -> nn.Module:
    """The network of `network_of`, or its trunk alone if there are no outputs."""
    if "network" not in parts and outputs is not None:
        return build_head(parts["backbone"], parts["head"], outputs)
    network: nn.Module = instantiate(parts["network" if "network" in parts else "backbone"])
    return network
