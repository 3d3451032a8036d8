"""SSD and SSDLite on any trunk.

SSD is arXiv 1512.02325 in the layout of arXiv 1611.10012's MobileNet detectors; SSDLite is arXiv
1801.04381, section 6.2.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbone.errors import InputError
from backbone.trunk import Trunk
from tasks.detection.anchors import anchors, shapes
from tasks.detection.boxes import BoxCoder, match, suppress
from tasks.detection.detector import Detector
from tasks.detection.ssd_layers import extra_map, prediction_layer
from tasks.detection.taps import last_of_stride
from tasks.images.files import image_size

# Sigmoid scores start here, so that the thousands of background anchors do not drown the first
# steps (the prior of arXiv 1708.02002, section 3.3).
PRIOR = 0.01


class SSD(Detector):
    """Single-shot detector: trunk and extra maps, predictors of boxes and classes on each.

    Map sizes, channels and anchors follow from a dry forward, so any alpha and any size work.

    Args:
        trunk: the shared network.
        num_classes: outputs a place, the background (0) included.
        size: of the input in pixels: one number, or (height, width).
        taps: the trunk's maps that carry anchors, finest first; None for its last ones of stride
            16 and 32.
        extras: depths at alpha 1 of the maps after the last tap, each half the size of the last;
            a trunk without alpha takes them as they are.
        separable: SSDLite: 3x3 convolutions of the extra maps are depthwise separable, and so are
            the predictors, which are 1x1 convolutions otherwise.
        scales: anchor scale of the finest and the coarsest map, relative to the input.
        loss: `mining`, the paper's sigmoid cross-entropy over three negatives a positive; or
            `focal` (arXiv 1708.02002, alpha 0.75, gamma 2) over all anchors.
        nms_iou: overlap above which the lower-scored of two boxes of one class is dropped.
        candidates: best (anchor, class) pairs of an image that enter suppression.
        detections: boxes an image in the answer.

    Raises:
        InputError: a loss of another name, or a trunk without these maps.
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
        nms_iou: float = 0.6,
        candidates: int = 400,
        detections: int = 100,
    ):
        super().__init__()
        if loss not in ("mining", "focal"):
            raise InputError(f"SSD's loss is 'mining' or 'focal', got '{loss}'")
        self.trunk = trunk
        self.taps = list(taps or (last_of_stride(trunk, stride) for stride in (16, 32)))
        self.num_classes = num_classes
        self.size = image_size(size)
        self.kind_of_loss, self.separable = loss, separable
        self.nms_iou, self.candidates, self.detections = nms_iou, candidates, detections
        self.coder = BoxCoder()

        for tap in self.taps:
            if tap not in trunk.feature_info:
                raise InputError(f"no map {tap!r} for SSD: the trunk has {', '.join(trunk.taps)}")

        shared = ("padding", "bn_eps", "bn_momentum")
        form = {name: trunk.options[name] for name in shared if name in trunk.options}
        form["separable"] = separable
        alpha = trunk.options.get("alpha", 1.0)
        channels = [trunk.feature_info[tap].channels for tap in self.taps]
        layers = []
        for extra in extras:
            depth = max(int(extra * alpha), 16)
            layers.append(extra_map(channels[-1], depth, **form))
            channels.append(depth)
        self.extras = nn.ModuleList(layers)
        counts = [len(layer) for layer in shapes([1.0] * len(channels))]
        self.box_predictors = nn.ModuleList(
            prediction_layer(c, n * 4, **form) for c, n in zip(channels, counts, strict=True)
        )
        self.class_predictors = nn.ModuleList(
            prediction_layer(c, n * num_classes, **form)
            for c, n in zip(channels, counts, strict=True)
        )
        last_layers = [
            predictor.pointwise if separable else predictor
            for predictor in (*self.box_predictors, *self.class_predictors)
        ]
        for layer in last_layers:
            nn.init.trunc_normal_(layer.weight, std=0.03)
            nn.init.zeros_(layer.bias)
        prior = math.log(PRIOR / (1 - PRIOR))
        for layer, n in zip(last_layers[len(counts) :], counts, strict=True):
            # every class at the prior; the background's own output the other way round
            layer.bias.data.view(n, num_classes).fill_(prior)[:, 0] = -prior

        with torch.no_grad():
            was_training = self.training
            maps = self.eval().maps(torch.zeros(1, 3, *self.size))
            self.train(was_training)
        self.register_buffer(
            "anchors",
            anchors([m.shape[-2:] for m in maps], self.size, tuple(scales)),
            persistent=False,
        )

    def maps(self, images: Tensor) -> list[Tensor]:
        """The feature maps that carry anchors, finest first."""
        features = self.trunk.features(images, self.taps)
        maps = [features[tap] for tap in self.taps]
        for extra in self.extras:
            maps.append(extra(maps[-1]))
        return maps

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Box codes float[B, A, 4] and logits float[B, A, num_classes] of normalised images."""

        def rows(predictor: nn.Module, fmap: Tensor, width: int) -> Tensor:
            # channels_last output: the permute is free, and the reshape a view
            return predictor(fmap).permute(0, 2, 3, 1).reshape(len(fmap), -1, width)

        maps = self.maps(images)
        pairs = zip(self.box_predictors, maps, strict=True)
        code = torch.cat([rows(predictor, m, 4) for predictor, m in pairs], 1)
        pairs = zip(self.class_predictors, maps, strict=True)
        logits = torch.cat([rows(predictor, m, self.num_classes) for predictor, m in pairs], 1)
        return code.float(), logits.float()

    def network(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """All that an answer computes: what its cost is counted of."""
        return self(images)

    def loss(
        self, outputs: tuple[Tensor, Tensor], boxes: Tensor, labels: Tensor, valid: Tensor
    ) -> dict:
        """Named loss terms of a batch: `classification` and `box`.

        Both are sums over anchors divided by the batch's number of matched anchors (at least 1).

        Args:
            outputs: what `forward` gave.
            boxes: float[B, M, 4] xyxy in input pixels; labels: int64[B, M]; valid: bool[B, M].
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
        # where, not a product: an unmatched anchor's code may be anything, also infinite
        box = torch.where(positive, box, 0.0).sum() / matches

        per_anchor = (
            mined(logits, target) if self.kind_of_loss == "mining" else focal(logits, target)
        )
        return {"classification": per_anchor.sum() / matches, "box": box}

    def detect(self, outputs: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Final boxes of a batch, best first.

        Returns:
            boxes float[B, N, 4] xyxy in input pixels clipped to the frame, scores float[B, N] in
            0..1, labels int64[B, N] network outputs, count int64[B]: rows after it are padding.
        """
        code, logits = outputs
        logits = logits[..., 1:]
        # The best K pairs lie among the K anchors with the best single class: two small
        # selections give what one over anchors x classes would.
        k = min(self.candidates, logits.shape[1])
        anchor = logits.amax(-1).topk(k, dim=1).indices
        best = logits.gather(1, anchor[..., None].expand(-1, -1, logits.shape[-1]))
        score, pair = best.flatten(1).topk(k, dim=1)
        labels = pair % logits.shape[-1] + 1
        anchor = anchor.gather(1, pair // logits.shape[-1])
        boxes = self.coder.decode(
            code.gather(1, anchor[..., None].expand(-1, -1, 4)), self.anchors[anchor]
        )
        height, width = self.size
        boxes = torch.minimum(boxes.clamp(min=0), boxes.new_tensor([width, height, width, height]))
        keep = suppress(boxes, labels, self.nms_iou)
        rank = torch.where(keep, score, -torch.inf).topk(min(self.detections, k), dim=1)
        return {
            "boxes": boxes.gather(1, rank.indices[..., None].expand(-1, -1, 4)),
            "scores": rank.values.sigmoid(),
            "labels": labels.gather(1, rank.indices),
            "count": torch.isfinite(rank.values).sum(1),
        }


def mined(logits: Tensor, target: Tensor, negatives: int = 3) -> Tensor:
    """Sigmoid cross-entropy float[B, A] of matched anchors and the hardest negatives, else 0.

    Each image keeps `negatives` background anchors a match, those of the largest loss
    (arXiv 1512.02325, section 2.2). The background is an output like the others.
    """
    # sum over classes of softplus(x) - x t, without building the one-hot targets
    loss = F.softplus(logits).sum(-1) - logits.gather(2, target[..., None]).squeeze(2)
    positive = target > 0
    hardest = loss.detach().masked_fill(positive, -1.0).argsort(dim=1, descending=True)
    order = torch.arange(loss.shape[1], device=loss.device).expand_as(hardest)
    rank = torch.empty_like(hardest).scatter_(1, hardest, order)
    chosen = positive | (rank < negatives * positive.sum(1, keepdim=True))
    return torch.where(chosen, loss, 0.0)


def focal(logits: Tensor, target: Tensor, alpha: float = 0.75, gamma: float = 2.0) -> Tensor:
    """Sigmoid focal loss float[B, A] over all anchors (arXiv 1708.02002, equation 5).

    The background is the absence of every class: output 0 takes no part.
    """
    logits = logits[..., 1:]
    p = logits.sigmoid()
    background = (1 - alpha) * p**gamma * F.softplus(logits)
    object_ = alpha * (1 - p) ** gamma * F.softplus(-logits)
    column = (target - 1).clamp(min=0)[..., None]
    swap = (object_ - background).gather(2, column).squeeze(2)
    return background.sum(-1) + torch.where(target > 0, swap, 0.0)
