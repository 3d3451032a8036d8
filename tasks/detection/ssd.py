"""SSD and SSDLite on any trunk.

SSD is arXiv 1512.02325 in the layout of arXiv 1611.10012's MobileNet detectors; SSDLite is arXiv
1801.04381, section 6.2.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from backbone.archive import PublishedArchive
from backbone.errors import InputError
from backbone.head import Released
from backbone.trunk import Trunk
from backbone.weight_files import WeightsFile
from tasks.detection.anchor_detector import PRIOR
from tasks.detection.anchors import anchor_shapes, anchors
from tasks.detection.class_losses import focal_loss, mining_loss
from tasks.detection.coco.categories import NAMES
from tasks.detection.map_predictors import MapPredictors
from tasks.detection.matched_detector import MatchedDetector
from tasks.detection.released import (
    anchor_order,
    categories,
    check_declared,
    released_state,
    reordered,
)
from tasks.detection.ssd_layers import extra_map, prediction_layer
from tasks.detection.taps import last_tap_of_stride
from tasks.detection.zoo import published


class SSD(MapPredictors, MatchedDetector):
    """Single-shot detector: box and class predictors on the trunk's maps and on extra maps.

    The sizes of the maps, and with them the anchors, come from a trial run of the network, so any
    alpha and any size work.

    Args:
        taps: the trunk's maps that get anchors, finest first; None for its last ones of stride 16
            and 32.
        extras: channels of the extra maps after the last tap, at alpha 1; each map is half the size
            of the one before. They are scaled by the trunk's alpha, if it has one.
        separable: SSDLite: the 3x3 convolutions of extra maps and the predictors are depthwise
            separable. Otherwise the predictors are 1x1 convolutions.
        kernel_size: the predictors are full convolutions of this size, an odd number, whatever
            `separable` is; None for those above.
        scales: anchor scale of the finest and the coarsest map, relative to the input.
        loss: `mining`, the paper's sigmoid cross-entropy over three negatives per positive; or
            `focal` (arXiv 1708.02002, alpha 0.75, gamma 2) over all anchors.
        trunk, num_classes, size, nms_iou, candidates, detections: see `AnchorDetector`.

    Raises:
        InputError: the loss is unknown, or the trunk does not have these maps.
    """

    def __init__(
        self,
        trunk: Trunk,
        num_classes: int,
        size: int | Sequence[int],
        taps: Sequence[str] | None = None,
        extras: Sequence[int] = (512, 256, 256, 128),
        separable: bool = False,
        scales: tuple[float, float] = (0.2, 0.95),
        loss: str = "mining",
        kernel_size: int | None = None,
        nms_iou: float = 0.6,
        candidates: int = 400,
        detections: int = 100,
    ):
        if loss not in ("mining", "focal"):
            raise InputError(f"SSD's loss is 'mining' or 'focal', not '{loss}'")
        taps = taps or [last_tap_of_stride(trunk, stride) for stride in (16, 32)]
        super().__init__(trunk, num_classes, size, taps, nms_iou, candidates, detections)
        self.loss_name, self.separable, self.kernel_size = loss, separable, kernel_size

        form = self.like_trunk
        alpha = trunk.options.get("alpha", 1.0)
        channels = [trunk.feature_info[tap].channels for tap in self.taps]
        layers = []
        for extra in extras:
            depth = max(int(extra * alpha), 16)
            layers.append(extra_map(channels[-1], depth, separable, **form))
            channels.append(depth)
        self.channels = channels  # of the maps with anchors, finest first
        self.extras = nn.ModuleList(layers)
        counts = [len(layer) for layer in anchor_shapes([1.0] * len(channels))]
        form["kernel_size"] = kernel_size or (None if separable else 1)
        self.box_predictors = nn.ModuleList(
            prediction_layer(c, n * 4, **form) for c, n in zip(channels, counts, strict=True)
        )
        self.class_predictors = nn.ModuleList(
            prediction_layer(c, n * num_classes, **form)
            for c, n in zip(channels, counts, strict=True)
        )
        last_layers = [
            predictor if form["kernel_size"] else predictor.pointwise
            for predictor in (*self.box_predictors, *self.class_predictors)
        ]
        for layer in last_layers:
            nn.init.trunc_normal_(layer.weight, std=0.03)
            nn.init.zeros_(layer.bias)
        for layer, n in zip(last_layers[len(counts) :], counts, strict=True):
            # every class starts at the prior, and the background at 1 - prior
            layer.bias.data.view(n, num_classes).fill_(PRIOR)[:, 0] = -PRIOR

        shapes = self.map_shapes()
        self.finest = shapes[0][0] * shapes[0][1] * counts[0]  # anchors of the finest map
        self.set_anchors(anchors(shapes, self.size, scales))

    def laid(self, tapped: Sequence[Tensor]) -> list[Tensor]:
        """The trunk's maps, and the extra maps after the last of them."""
        maps = list(tapped)
        for extra in self.extras:
            maps.append(extra(maps[-1]))
        return maps

    def classify(self, logits: Tensor, target: Tensor) -> Tensor:
        """The class loss of each anchor, see `MatchedDetector.classify`."""
        return (mining_loss if self.loss_name == "mining" else focal_loss)(logits, target)

    def published(self, source: str) -> PublishedArchive | None:
        """The detector of TensorFlow's zoo for this network; see `tasks.detection.zoo`."""
        return published(source, self.trunk, self.separable, self.kernel_size)

    def released(self, file: WeightsFile, origin: str) -> Released:
        """The weights of one of TensorFlow's detectors; see `tasks.detection.released`."""
        if file.scheme.name != "tensorflow":
            return super().released(file, origin)
        check_declared(file, origin, self.coder)
        lite = self.separable and self.kernel_size is None
        state = released_state(file, self.separable, separable_predictors=lite)
        note, order = anchor_order(file, origin, self.anchors, self.finest, self.size)
        ids = categories(file, state, origin)
        names = None if ids is None else [NAMES.get(number) for number in ids]
        return Released(reordered(state, order), ids, names, (note,))
