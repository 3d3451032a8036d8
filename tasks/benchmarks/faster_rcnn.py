"""This Faster R-CNN compared with torchvision's on the same trunk, images and boxes."""

from copy import deepcopy
from functools import partial
from typing import Any

import torch
from omegaconf import DictConfig
from torch import nn
from torchvision.models.detection import faster_rcnn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops import MultiScaleRoIAlign

from tasks.benchmarks.ssd import side_by_side
from tasks.benchmarks.timing import timed_result
from tasks.detection.faster_rcnn import FasterRCNN
from tasks.detection.region_proposals import RATIOS
from tasks.detection.task import Detection


class Front(nn.Sequential):
    """The trunk up to the map that regions are cropped from, as torchvision's backbone.

    Args:
        stages: of the trunk.
        out_channels: of their last map.
    """

    def __init__(self, stages: nn.Sequential, out_channels: int):
        super().__init__(*stages)
        self.out_channels = out_channels


def torchvision_faster_rcnn(
    task: Detection, size: tuple[int, int], samples: int
) -> faster_rcnn.FasterRCNN:
    """torchvision's Faster R-CNN on copies of the trunk's halves, with as many anchors and regions.

    Its second stage runs on the regions that suppression leaves; with random weights there may be
    50 of them, or 300. To make the work comparable, its suppression takes the best 300 and drops
    none.

    Args:
        task: this suite's detector.
        size: (h, w) of the input in pixels.
        samples: samples along each side of a region's cell; a cell is the mean of samples^2.
    """
    head = task.head
    assert isinstance(head, FasterRCNN)
    front, back = (deepcopy(half).to(memory_format=torch.contiguous_format) for half in head.halves)
    pooled = head.trunk.feature_info[head.trunk.taps[-1]].channels
    mean, std = head.trunk.normalization
    return faster_rcnn.FasterRCNN(
        Front(front, head.trunk.feature_info[head.tap].channels),
        rpn_anchor_generator=AnchorGenerator((tuple(head.rpn.sides),), (RATIOS,)),
        rpn_pre_nms_top_n_train=head.rpn.proposals,
        rpn_pre_nms_top_n_test=head.rpn.proposals,
        rpn_post_nms_top_n_train=head.rpn.proposals,
        rpn_post_nms_top_n_test=head.rpn.proposals,
        rpn_nms_thresh=1.0,
        rpn_batch_size_per_image=head.rpn.minibatch,
        box_roi_pool=MultiScaleRoIAlign(["0"], head.crop, samples),
        box_head=nn.Sequential(back, nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        box_predictor=faster_rcnn.FastRCNNPredictor(pooled, head.num_classes),
        box_batch_size_per_image=head.regions,
        box_nms_thresh=head.nms_iou,
        box_detections_per_img=head.detections,
        image_mean=mean,
        image_std=std,
        # the images have this size already: no resizing, no padding
        min_size=min(size),
        max_size=max(size),
        size_divisible=1,
    )


def benchmark_faster_rcnn(
    config: DictConfig, batch_size: int = 4, rounds: int = 3
) -> dict[str, Any]:
    """Images per second in training and inference (see `side_by_side`).

    torchvision's models average four samples per cell of a region; this suite takes one, as
    TensorFlow did. So torchvision also runs with one.
    """
    peers = {
        "": partial(torchvision_faster_rcnn, samples=2),
        ", 1 sample per cell": partial(torchvision_faster_rcnn, samples=1),
    }
    words, figures = side_by_side(config, batch_size, rounds, peers)
    return timed_result(words, figures)
