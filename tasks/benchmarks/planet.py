"""The cost of the network with given numbers of cells compared with the paper's, and its speed."""

from collections.abc import Sequence
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from backbone.classifier import Classifier
from backbone.cost import Cost, cost
from tasks.benchmarks.classifier import beside_timm
from tasks.benchmarks.timing import timed_result
from tasks.images.files import image_size


def planet_cost(config: DictConfig, cells: int) -> Cost:
    """The cost of one image through the configured trunk and a classifier of that many cells."""
    options = OmegaConf.to_container(config.backbone)
    assert isinstance(options, dict)
    options.pop("weights")
    with torch.device("meta"):
        head = Classifier(instantiate(options), cells)
        return cost(head, torch.zeros(1, 3, *image_size(config.size)))


def benchmark_planet(
    config: DictConfig, cells: Sequence[int], batch_size: int = 32, rounds: int = 3
) -> dict[str, Any]:
    """What each number of cells costs (see `costs`), and the speed (see `beside_timm`)."""
    counted = costs(config, cells)
    words, figures = beside_timm(config, batch_size, rounds)
    timed = timed_result(words, figures)
    return timed | counted | {"table": f"{counted['table']}\n\n{timed['table']}"}


def costs(config: DictConfig, cells: Sequence[int]) -> dict[str, Any]:
    """Mult-adds and parameters with each number of cells, and the paper's row last."""
    counted = {count: planet_cost(config, count) for count in cells}
    lines = [f"{'cells':>10}  {'mult-adds':>9}  parameters"]
    lines += [
        f"{count:>10,}  {c.mult_adds / 1e9:>7.3f} G  {c.parameters / 1e6:>8.2f} M"
        for count, c in counted.items()
    ]
    paper = config.task.paper
    lines.append(f"{'paper':>10}  {paper.mult_adds:>9}  {paper.parameters:>10}")
    rows = {
        str(count): {"mult_adds": c.mult_adds, "parameters": c.parameters}
        for count, c in counted.items()
    }
    return {"cost": rows, "table": "\n".join(lines)}
