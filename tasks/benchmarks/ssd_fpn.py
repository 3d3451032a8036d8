"""FPNLite compared with the same network in torchvision's RetinaNet."""

from collections import OrderedDict
from copy import deepcopy
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from torchvision.models.detection import retinanet
from torchvision.models.detection.anchor_utils import AnchorGenerator

from tasks.benchmarks.pipeline import pipelines
from tasks.benchmarks.ssd import side_by_side
from tasks.benchmarks.timing import timed_result
from tasks.detection.ssd_fpn import ANCHORS, SSDFPN
from tasks.detection.task import Detection
from tasks.images.files import image_size


class PyramidMaps(nn.Module):
    """A head's trunk and pyramid, as the backbone of a torchvision detector."""

    def __init__(self, head: SSDFPN):
        super().__init__()
        self.trunk, self.pyramid, self.taps = head.trunk, head.pyramid, head.taps
        self.out_channels = head.box_predictor.depthwise.in_channels

    def forward(self, images: Tensor) -> OrderedDict[str, Tensor]:
        """The pyramid's maps, named 0 .. n-1."""
        features = self.trunk.features(images, self.taps)
        maps = self.pyramid([features[tap] for tap in self.taps])
        return OrderedDict((str(i), m) for i, m in enumerate(maps))


class SharedPredictors(retinanet.RetinaNetHead):
    """A head's tower and predictors with torchvision's losses."""

    def __init__(self, head: SSDFPN):
        super().__init__(head.box_predictor.depthwise.in_channels, ANCHORS, head.num_classes)
        self.classification_head.conv = nn.Identity()
        self.classification_head.cls_logits = head.class_predictor
        self.regression_head.conv = nn.Identity()
        self.regression_head.bbox_reg = head.box_predictor
        self.tower = head.tower

    def forward(self, x: list[Tensor]) -> dict[str, Tensor]:
        """The outputs under torchvision's names."""
        outputs: dict[str, Tensor] = super().forward(self.tower(x))
        return outputs


def torchvision_retinanet(task: Detection, size: tuple[int, int]) -> retinanet.RetinaNet:
    """torchvision's RetinaNet around a copy of the task's network: its losses and its answers."""
    ours = task.head
    assert isinstance(ours, SSDFPN)
    copy = deepcopy(ours).to(memory_format=torch.contiguous_format)
    strides = [8 << n for n in range(len(copy.tower.norms))]
    anchors = AnchorGenerator(
        tuple((4 * s, int(4 * s * 2**0.5)) for s in strides), ((0.5, 1.0, 2.0),) * len(strides)
    )
    mean, std = ours.trunk.normalization
    return retinanet.RetinaNet(
        PyramidMaps(copy),
        ours.num_classes,
        # the images have this size already: no resizing, no padding
        min_size=min(size),
        max_size=max(size),
        size_divisible=1,
        image_mean=mean,
        image_std=std,
        anchor_generator=anchors,
        head=SharedPredictors(copy),
        nms_thresh=ours.nms_iou,
        detections_per_img=ours.detections,
        topk_candidates=ours.candidates,
    )


def benchmark_ssd_fpn(config: DictConfig, batch_size: int = 16, rounds: int = 3) -> dict[str, Any]:
    """FPNLite and torchvision's RetinaNet of the same layers, and loading on one core."""
    words, figures = side_by_side(config, batch_size, rounds, {"": torchvision_retinanet})
    figures |= pipelines(config, image_size(config.size), rounds)
    return timed_result(words, figures)
