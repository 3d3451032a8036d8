"""SSD and SSDLite on any trunk.

SSD is arXiv 1512.02325 in the layout of arXiv 1611.10012's MobileNet detectors; SSDLite is arXiv
1801.04381, section 6.2.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbone.archive import PublishedArchive
from backbone.errors import InputError
from backbone.head import Released
from backbone.trunk import Trunk
from backbone.weight_files import WeightsFile
from tasks.detection.anchors import anchor_shapes, anchors
from tasks.detection.boxes import BoxCoder, clip, edges, final_boxes, match
from tasks.detection.coco.categories import NAMES
from tasks.detection.detector import Detector
from tasks.detection.released import (
    anchor_order,
    categories,
    check_declared,
    released_state,
    reordered,
)
from tasks.detection.ssd_layers import extra_map, merged_predictor, prediction_layer
from tasks.detection.taps import last_tap_of_stride
from tasks.detection.zoo import published
from tasks.images.files import image_size

# Every class starts out with this probability, so that the thousands of background anchors do not
# dominate the first steps (the prior of arXiv 1708.02002, section 3.3).
PRIOR = 0.01


class SSD(Detector):
    """Single-shot detector: box and class predictors on the trunk's maps and on extra maps.

    The maps' sizes, and with them the anchors, come from a trial run of the network, so any alpha
    and any size work.

    Args:
        trunk: the shared network.
        num_classes: outputs per anchor, the background (0) included.
        size: of the input in pixels: one number, or (height, width).
        taps: the trunk's maps that carry anchors, finest first; None for its last ones of stride
            16 and 32.
        extras: channels of the extra maps after the last tap, at alpha 1; each map is half the size
            of the one before. They are scaled by the trunk's alpha, if it has one.
        separable: SSDLite: the extra maps' 3x3 convolutions and the predictors are depthwise
            separable. Otherwise the predictors are 1x1 convolutions.
        kernel_size: the predictors are convolutions of this size, an odd number, whatever
            `separable` is; None for those above.
        scales: anchor scale of the finest and the coarsest map, relative to the input.
        loss: `mining`, the paper's sigmoid cross-entropy over three negatives per positive; or
            `focal` (arXiv 1708.02002, alpha 0.75, gamma 2) over all anchors.
        nms_iou: IoU above which the lower-scored of two boxes of one class is dropped.
        candidates: best (anchor, class) pairs of an image that enter suppression.
        detections: most boxes in the answer for one image.

    Raises:
        InputError: an unknown loss, or a trunk without these maps.
    """

    anchors: Tensor
    edges: Tensor
    predictors: nn.ModuleList | None  # of boxes and classes together, see `merge_layers`
    class_layers = ("class_predictors.",)

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
        super().__init__()
        if loss not in ("mining", "focal"):
            raise InputError(f"SSD's loss is 'mining' or 'focal', got '{loss}'")
        self.trunk, self.predictors = trunk, None
        self.taps = list(taps or (last_tap_of_stride(trunk, stride) for stride in (16, 32)))
        self.num_classes = num_classes
        self.size = image_size(size)
        self.loss_name, self.separable, self.kernel_size = loss, separable, kernel_size
        self.nms_iou, self.candidates, self.detections = nms_iou, candidates, detections
        self.coder = BoxCoder()

        for tap in self.taps:
            if tap not in trunk.feature_info:
                raise InputError(
                    f"task.head.taps: the trunk has no map {tap!r}; it has {', '.join(trunk.taps)}"
                )

        options: Mapping[str, Any] = trunk.options
        shared = ("padding", "bn_eps", "bn_momentum")
        form = {name: options[name] for name in shared if name in options}
        alpha = options.get("alpha", 1.0)
        channels = [trunk.feature_info[tap].channels for tap in self.taps]
        layers = []
        for extra in extras:
            depth = max(int(extra * alpha), 16)
            layers.append(extra_map(channels[-1], depth, separable, **form))
            channels.append(depth)
        self.channels = channels  # of the maps that carry anchors, finest first
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
        prior = math.log(PRIOR / (1 - PRIOR))
        for layer, n in zip(last_layers[len(counts) :], counts, strict=True):
            # every class starts at the prior, and the background at 1 - prior
            layer.bias.data.view(n, num_classes).fill_(prior)[:, 0] = -prior

        with torch.no_grad():
            was_training = self.training
            maps = self.eval().maps(torch.zeros(1, 3, *self.size))
            self.train(was_training)
        shapes = [(m.shape[2], m.shape[3]) for m in maps]
        self.finest = shapes[0][0] * shapes[0][1] * counts[0]  # anchors of the finest map
        self.register_buffer("anchors", anchors(shapes, self.size, scales), persistent=False)
        self.register_buffer("edges", edges(self.size), persistent=False)

    def maps(self, images: Tensor) -> list[Tensor]:
        """The feature maps that carry anchors, finest first."""
        features = self.trunk.features(images, self.taps)
        maps = [features[tap] for tap in self.taps]
        for extra in self.extras:
            maps.append(extra(maps[-1]))
        return maps

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Box codes float[B, A, 4] and logits float[B, A, num_classes] for normalised images."""
        return self.predictions(self.maps(images))

    def merge_layers(self) -> None:
        """One convolution for boxes and classes of a map, where they are plain ones."""
        merged = nn.ModuleList()
        for boxes, classes in zip(self.box_predictors, self.class_predictors, strict=True):
            if not (isinstance(boxes, nn.Conv2d) and isinstance(classes, nn.Conv2d)):
                return
            merged.append(merged_predictor(boxes, classes, boxes.out_channels // 4))
        self.predictors = merged
        self.box_predictors = self.class_predictors = nn.ModuleList()

    def predictions(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The outputs of `forward` for the maps that carry anchors."""

        def rows(predictor: nn.Module, fmap: Tensor, width: int) -> Tensor:
            # channels_last output: the permute is free, and the reshape a view
            return predictor(fmap).permute(0, 2, 3, 1).reshape(fmap.shape[0], -1, width)

        if self.predictors is not None:
            pairs = zip(self.predictors, maps, strict=True)
            found = torch.cat(
                [rows(predictor, m, 4 + self.num_classes) for predictor, m in pairs], 1
            )
            # a split, since OpenVINO mistakes a slice before a gather
            code, logits = found.split([4, self.num_classes], dim=-1)
            return code.float(), logits.float()
        pairs = zip(self.box_predictors, maps, strict=True)
        code = torch.cat([rows(predictor, m, 4) for predictor, m in pairs], 1)
        pairs = zip(self.class_predictors, maps, strict=True)
        logits = torch.cat([rows(predictor, m, self.num_classes) for predictor, m in pairs], 1)
        return code.float(), logits.float()

    def published(self, source: str) -> PublishedArchive | None:
        """The detector of TensorFlow's zoo for this network, see `tasks.detection.zoo`."""
        return published(source, self.trunk, self.separable, self.kernel_size)

    def released(self, file: WeightsFile, origin: str) -> Released:
        """The weights of a detector of TensorFlow's, see `tasks.detection.released`."""
        if file.scheme.name != "tensorflow":
            return super().released(file, origin)
        check_declared(file, origin, self.coder)
        lite = self.separable and self.kernel_size is None
        state = released_state(file, self.separable, separable_predictors=lite)
        note, order = anchor_order(file, origin, self.anchors, self.finest, self.size)
        ids = categories(file, state, origin)
        names = None if ids is None else [NAMES.get(number) for number in ids]
        return Released(reordered(state, order), ids, names, (note,))

    def network(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """`forward`: all layers that inference runs."""
        return self(images)

    def loss(
        self, outputs: tuple[Tensor, Tensor], boxes: Tensor, labels: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Named loss terms `classification` and `box`.

        Both are sums over anchors divided by the batch's number of matched anchors (at least 1).
        Arguments as in `Detector.loss`.
        """
        code, logits = outputs
        assigned = match(boxes, valid, self.anchors)
        positive = assigned >= 0
        row = assigned.clamp(min=0)
        target = labels.gather(1, row).masked_fill(~positive, 0)
        matches = positive.sum().clamp(min=1)

        matched = boxes.gather(1, row[..., None].expand(-1, -1, 4))
        wanted = self.coder.encode(matched, self.anchors)
        box = F.smooth_l1_loss(code, wanted, reduction="none").sum(-1)
        # `where` and not a product: the term of an unmatched anchor may be infinite
        box = torch.where(positive, box, 0.0).sum() / matches

        classify = mining_loss if self.loss_name == "mining" else focal_loss
        per_anchor = classify(logits, target)
        return {"classification": per_anchor.sum() / matches, "box": box}

    def detect(self, outputs: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Final boxes of a batch, see `Detector.detect`; scores are sigmoids of class logits."""
        code, logits = outputs
        logits = logits[..., 1:]
        # The best K (anchor, class) pairs lie among the K anchors of the highest single score, so
        # two small selections replace one over all anchors x classes.
        k = min(self.candidates, logits.shape[1])
        anchor = logits.amax(-1).topk(k, dim=1).indices
        best = logits.gather(1, anchor[..., None].expand(-1, -1, logits.shape[-1]))
        score, pair = best.flatten(1).topk(k, dim=1)
        labels = pair % logits.shape[-1] + 1
        anchor = anchor.gather(1, pair // logits.shape[-1])
        code = code.gather(1, anchor[..., None].expand(-1, -1, 4))
        boxes = clip(self.coder.decode(code, self.anchors[anchor]), self.edges)
        found = final_boxes(boxes, score, labels, self.nms_iou, self.detections)
        return found | {"scores": found["scores"].sigmoid()}


def mining_loss(logits: Tensor, target: Tensor, negatives: int = 3) -> Tensor:
    """Sigmoid cross-entropy with hard negative mining (arXiv 1512.02325, section 2.2).

    Each image keeps its matched anchors and, for each of these, the `negatives` background anchors
    of the largest loss. The background is an output like the others.

    Args:
        logits: float[B, A, num_classes].
        target: int64[B, A], the output of each anchor's category, 0 for background.
        negatives: background anchors kept per matched anchor.

    Returns:
        float[B, A], 0 for anchors that are not kept.
    """
    # sum over classes of softplus(x) - x t, without building the one-hot targets
    loss = F.softplus(logits).sum(-1) - logits.gather(2, target[..., None]).squeeze(2)
    positive = target > 0
    hardest = loss.detach().masked_fill(positive, -1.0).argsort(dim=1, descending=True)
    order = torch.arange(loss.shape[1], device=loss.device).expand_as(hardest)
    rank = torch.empty_like(hardest).scatter_(1, hardest, order)
    chosen = positive | (rank < negatives * positive.sum(1, keepdim=True))
    return torch.where(chosen, loss, 0.0)


def focal_loss(logits: Tensor, target: Tensor, alpha: float = 0.75, gamma: float = 2.0) -> Tensor:
    """Sigmoid focal loss over all anchors (arXiv 1708.02002, equation 5).

    The background is the absence of every class; output 0 is not used.

    Args:
        logits: float[B, A, num_classes].
        target: int64[B, A], the output of each anchor's category, 0 for background.
        alpha: weight of objects; the background has 1 - alpha.
        gamma: exponent that reduces the weight of anchors classified well.

    Returns:
        float[B, A].
    """
    logits = logits[..., 1:]
    p = logits.sigmoid()
    background = (1 - alpha) * p**gamma * F.softplus(logits)
    object_ = alpha * (1 - p) ** gamma * F.softplus(-logits)
    column = (target - 1).clamp(min=0)[..., None]
    swap = (object_ - background).gather(2, column).squeeze(2)
    return background.sum(-1) + torch.where(target > 0, swap, 0.0)
