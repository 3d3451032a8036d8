"""What the detectors beside MobileNet in Table 13 of the paper cost: counted, and as printed.

`python -m tasks.detection.peers` prints the table. The rows are trained as MobileNet's are:
`python -m tasks.run task=ssd_coco backbone=timm backbone.name=vgg16`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from backbone.cost import Cost, cost
from backbone.timm_trunk import TimmTrunk
from tasks.detection.faster_rcnn import FasterRCNN, images_of
from tasks.detection.region_proposals import ROUNDS
from tasks.detection.ssd import SSD

OUTPUTS = 91  # COCO's ids and the background


def both_stages(head: FasterRCNN, images: Tensor) -> tuple[Tensor, Tensor]:
    """What `detect` computes, without its looks at values, which only a real run has."""
    outputs = head(images)
    regions = head.rpn.propose(outputs.code, outputs.objectness, ROUNDS)
    return head.classify(outputs.feature_map, regions.flatten(0, 1), images_of(regions))


@dataclass(frozen=True)
class Peer:
    """A detector on a timm trunk, and the row of Table 13 (arXiv 1704.04861) that it stands for.

    Args:
        head: makes the detector of a trunk, the number of outputs and the input's size.
        run: what is counted: called with the detector and its images.
        trunk: timm's name.
        size: side of the input in pixels.
        row: framework with resolution, and model, as printed there.
        mult_adds: in billions, as printed.
        parameters: in millions, as printed.
        difference: how the paper's network is another.
    """

    head: Callable[[TimmTrunk, int, int], nn.Module]
    run: Callable[[nn.Module, Tensor], object]
    trunk: str
    size: int
    row: tuple[str, str]
    mult_adds: float
    parameters: float
    difference: str


_ssd = partial(Peer, head=SSD, run=SSD.forward, size=300)
_vgg = partial(
    Peer,
    head=FasterRCNN,
    run=both_stages,
    trunk="vgg16",
    parameters=138.5,
    difference=(
        "the paper's regions go through VGG's linear layers fc6 and fc7, 120 M mult-adds each, "
        "which make it 64.3 G at 300, 149.5 G at 600 and 138.5 M; here through what the trunk has "
        "behind stride 16, one pooling"
    ),
)
_inception = partial(
    Peer,
    head=FasterRCNN,
    run=both_stages,
    trunk="inception_v3",
    parameters=13.3,
    difference=(
        "Inception V2 is BN-Inception, which timm lacks; V3's last stages cost 592 M mult-adds a "
        "region, and the paper's two resolutions imply 381 M"
    ),
)

PEERS = (
    _ssd(
        trunk="vgg16",
        row=("SSD 300", "deeplab-VGG"),
        mult_adds=34.9,
        parameters=33.1,
        difference=(
            "deeplab-VGG has fc6 and fc7 as atrous convolutions at stride 16, and maps of strides "
            "8 and 16 carry anchors; torchvision's ssd300_vgg16 is that network: 34.9 G, and "
            "35.6 M with 91 outputs or 34.3 M with 81"
        ),
    ),
    _ssd(
        trunk="inception_v3",
        row=("SSD 300", "Inception V2"),
        mult_adds=3.8,
        parameters=13.7,
        difference="Inception V2 is BN-Inception, which timm lacks; V3 is deeper and wider",
    ),
    _vgg(size=300, row=("Faster-RCNN 300", "VGG"), mult_adds=64.3),
    _inception(size=300, row=("Faster-RCNN 300", "Inception V2"), mult_adds=118.2),
    _vgg(size=600, row=("Faster-RCNN 600", "VGG"), mult_adds=149.6),
    _inception(size=600, row=("Faster-RCNN 600", "Inception V2"), mult_adds=129.6),
)


def count(peer: Peer) -> Cost:
    """Mult-adds of one square image and parameters, counted without computing anything."""
    with torch.device("meta"):
        head = peer.head(TimmTrunk(peer.trunk), OUTPUTS, peer.size)
        images = torch.empty(1, 3, peer.size, peer.size)
        return cost(head, images, method=partial(peer.run, head))


def main() -> None:
    """Print the table."""
    print(f"{'detector':<17}{'trunk':<14}{'mult-adds':>10}{'parameters':>13}   paper, Table 13")
    for peer in PEERS:
        counted = count(peer)
        framework, model = peer.row
        print(
            f"{framework:<17}{peer.trunk:<14}{counted.mult_adds / 1e9:>8.1f} G"
            f"{counted.parameters / 1e6:>11.1f} M   "
            f"{model}: {peer.mult_adds:g} G, {peer.parameters:g} M\n    {peer.difference}"
        )


if __name__ == "__main__":
    main()
