"""SSDLite on a feature pyramid, with predictors that all maps share (FPNLite), on any trunk.

The network is that of TensorFlow's ssd_mobilenet_v2_fpnlite_320x320: a RetinaNet (arXiv 1708.02002)
of depthwise separable convolutions. Its structure is stated in
object_detection/configs/tf2/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8.config of
github.com/tensorflow/models, and in the modules of object_detection/models and
object_detection/predictors that the file names.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from backbone.conv import convolution
from backbone.trunk import Trunk
from tasks.detection.anchor_detector import PRIOR, rows
from tasks.detection.anchors import octave_anchors
from tasks.detection.class_losses import focal_loss
from tasks.detection.matched_detector import MatchedDetector
from tasks.detection.pyramid import Pyramid, SharedTower
from tasks.detection.taps import last_block_of_stride

STRIDES = (8, 16, 32)  # of the trunk's maps
ANCHORS = 6  # per cell: two scales of three ratios


class SSDFPN(MatchedDetector):
    """FPNLite: one tower and one pair of predictors for all maps of a feature pyramid.

    The class loss is the focal loss with alpha 0.25 and gamma 2, and the loss of a box is divided
    by its four numbers, both as in the published configuration.

    Args:
        taps: the trunk's maps, finest first, each about half the size of the one before; None for
            the outputs of its last blocks of stride 8, 16 and 32.
        depth: channels of the pyramid and the tower at alpha 1; they are scaled by the trunk's
            alpha, if it has one, but are at least 16.
        maps: number of maps with anchors: the trunk's, and coarser ones after them.
        tower: number of separable convolutions before the predictors.
        trunk, num_classes, size, nms_iou, candidates, detections: see `AnchorDetector`.

    Raises:
        InputError: the trunk does not have these maps.
    """

    class_layers = ("class_predictor.pointwise.",)
    box_weight = 0.25

    def __init__(
        self,
        trunk: Trunk,
        num_classes: int,
        size: int | Sequence[int],
        taps: Sequence[str] | None = None,
        depth: int = 128,
        maps: int = 5,
        tower: int = 4,
        nms_iou: float = 0.6,
        candidates: int = 400,
        detections: int = 100,
    ):
        taps = taps or [last_block_of_stride(trunk, stride) for stride in STRIDES]
        super().__init__(trunk, num_classes, size, taps, nms_iou, candidates, detections)
        infos = [trunk.feature_info[tap] for tap in self.taps]
        width = max(int(depth * trunk.options.get("alpha", 1.0)), 16)
        extra = max(maps - len(infos), 0)
        self.pyramid = Pyramid([i.channels for i in infos], width, extra, **self.like_trunk)
        self.tower = SharedTower(width, tower, len(infos) + extra, **self.like_trunk)
        self.box_predictor = SharedPredictor(width, ANCHORS * 4)
        self.class_predictor = SharedPredictor(width, ANCHORS * num_classes)
        # every class starts at the prior, and the background at 1 - prior
        bias = self.class_predictor.pointwise.bias
        assert bias is not None
        bias.data.view(ANCHORS, num_classes).fill_(PRIOR)[:, 0] = -PRIOR
        strides = [i.stride for i in infos] + [infos[-1].stride << n for n in range(1, extra + 1)]
        self.set_anchors(octave_anchors(self.map_shapes(), strides, self.size))

    def laid(self, tapped: Sequence[Tensor]) -> list[Tensor]:
        """The pyramid's maps."""
        maps: list[Tensor] = self.pyramid(tapped)
        return maps

    def predictions(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The outputs of `forward` for the pyramid's maps."""
        seen = self.tower(maps)
        code = torch.cat([rows(self.box_predictor(m), 4) for m in seen], 1)
        logits = torch.cat([rows(self.class_predictor(m), self.num_classes) for m in seen], 1)
        return code.float(), logits.float()

    def classify(self, logits: Tensor, target: Tensor) -> Tensor:
        """The focal loss of each anchor, see `MatchedDetector.classify`."""
        return focal_loss(logits, target, alpha=0.25)

    def separate_maps(self) -> None:
        """Give each map its own tower, so that batch norm can be folded into it."""
        self.tower.separate_maps()


class SharedPredictor(nn.Sequential):
    """A 3x3 depthwise and a 1x1 convolution with bias, with nothing in between.

    Args:
        inputs: channels of the maps.
        outputs: values per cell.
    """

    depthwise: nn.Conv2d
    pointwise: nn.Conv2d

    def __init__(self, inputs: int, outputs: int):
        depthwise = convolution(inputs, inputs, 3, groups=inputs)
        pointwise = nn.Conv2d(inputs, outputs, 1)
        super().__init__(OrderedDict(depthwise=depthwise, pointwise=pointwise))
        nn.init.trunc_normal_(self.pointwise.weight, std=0.03)
        assert self.pointwise.bias is not None
        nn.init.zeros_(self.pointwise.bias)
