"""What the networks beside MobileNet in Tables 8 to 10 of the paper cost: counted, and as printed.

`python -m tasks.classification.peers` prints the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import timm
import torch
from torch import nn
from torchvision import models

from backbone.cost import Cost, cost


@dataclass(frozen=True)
class Peer:
    """A published network, and the row of the paper (arXiv 1704.04861) that it stands in.

    Args:
        build: makes the complete network with random weights.
        size: side of the input in pixels.
        table: number of the paper's table.
        row: the name printed there.
        mult_adds: in millions, as printed.
        parameters: in millions, as printed.
        difference: why the count is another.
    """

    build: Callable[[], nn.Module]
    size: int
    table: int
    row: str
    mult_adds: float
    parameters: float
    difference: str


_squeezenet = partial(Peer, size=224, table=9, row="Squeezenet", mult_adds=1700, parameters=1.25)
_inception = partial(Peer, size=299, table=10, row="Inception V3", mult_adds=5000, parameters=23.2)

PEERS = {
    "VGG16": Peer(
        build=partial(timm.create_model, "vgg16"),
        size=224,
        table=8,
        row="VGG 16",
        mult_adds=15300,
        parameters=138,
        difference="15300 M agrees with the convolutions alone, 15347 M; linear layers add 124 M",
    ),
    "GoogLeNet": Peer(
        build=partial(models.googlenet, aux_logits=False, init_weights=False),
        size=224,
        table=8,
        row="GoogleNet",
        mult_adds=1550,
        parameters=6.8,
        difference=(
            "torchvision has 3x3 kernels where the network has 5x5, which make it 1583 M and "
            "7.0 M; 6.8 M is the sum of the table in arXiv 1409.4842, whose mult-adds sum to 1502 M"
        ),
    ),
    "AlexNet": Peer(
        build=models.alexnet,
        size=224,
        table=9,
        row="AlexNet",
        mult_adds=720,
        parameters=60,
        difference=(
            "torchvision's is the later network of one tower (arXiv 1404.5997); the two towers of "
            "2012 at 227 pixels make 724 M and 61.0 M"
        ),
    ),
    "SqueezeNet 1.0": _squeezenet(
        build=models.squeezenet1_0,
        difference=(
            "1700 M agrees with the 1.72 GFLOPs that SqueezeNet's authors state, and they count a "
            "multiplication and its addition as two"
        ),
    ),
    "SqueezeNet 1.1": _squeezenet(
        build=models.squeezenet1_1,
        difference="a later, cheaper release; its authors' 0.72 GFLOPs count two as well",
    ),
    "Inception V3, 1000 classes": _inception(
        build=partial(timm.create_model, "inception_v3"),
        difference="5000 M agrees with the abstract of arXiv 1512.00567: 5 billion",
    ),
    "Inception V3, 120 classes": _inception(
        build=partial(timm.create_model, "inception_v3", num_classes=120),
        difference=(
            "5 billion as above; 23.2 M lies between the 22.0 M of Stanford Dogs' 120 classes and "
            "the 23.8 M of ImageNet's 1000, and fits neither"
        ),
    ),
}


def count(peer: Peer) -> Cost:
    """Mult-adds of one image and parameters, counted without computing anything."""
    with torch.device("meta"):
        return cost(peer.build(), torch.empty(1, 3, peer.size, peer.size))


def main() -> None:
    """Print the table."""
    print(f"{'network':<28}{'pixels':>6}{'mult-adds':>12}{'parameters':>12}   paper")
    for name, peer in PEERS.items():
        counted = count(peer)
        print(
            f"{name:<28}{peer.size:>6}{counted.mult_adds / 1e6:>10.0f} M"
            f"{counted.parameters / 1e6:>10.2f} M   Table {peer.table}, {peer.row}: "
            f"{peer.mult_adds:g} M, {peer.parameters:g} M\n    {peer.difference}"
        )


if __name__ == "__main__":
    main()
