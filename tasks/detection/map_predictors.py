"""Detectors with separate predictors for each map."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from tasks.detection.anchor_detector import AnchorDetector, rows
from tasks.detection.ssd_layers import merged_predictor


class MapPredictors(AnchorDetector):
    """An anchor detector with two layers for each map, one for boxes and one for classes.

    A subclass sets `box_predictors` and `class_predictors`, with a layer for each map.

    Attributes:
        code_size: number of values in a box's code.
        predictors: for each map one layer in place of the two, see `merge_layers`; None: not
            merged.
    """

    class_layers = ("class_predictors.",)

    code_size: ClassVar[int] = 4
    box_predictors: nn.ModuleList
    class_predictors: nn.ModuleList
    predictors: nn.ModuleList | None

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        # set here and not in the class, where it would hide the module that is registered later
        self.predictors = None

    def merge_layers(self) -> None:
        """Merge the convolutions for boxes and classes of a map, if they are plain ones."""
        merged = nn.ModuleList()
        for boxes, classes in zip(self.box_predictors, self.class_predictors, strict=True):
            if not (isinstance(boxes, nn.Conv2d) and isinstance(classes, nn.Conv2d)):
                return
            anchors = boxes.out_channels // self.code_size
            merged.append(merged_predictor(boxes, classes, anchors))
        self.predictors = merged
        self.box_predictors = self.class_predictors = nn.ModuleList()

    def predictions(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The outputs of `forward` for the maps with anchors."""
        widths = [self.code_size, self.num_classes]
        if self.predictors is not None:
            pairs = zip(self.predictors, maps, strict=True)
            found = torch.cat([rows(predictor(m), sum(widths)) for predictor, m in pairs], 1)
            # a split, since OpenVINO mishandles a slice before a gather
            code, logits = found.split(widths, dim=-1)
            return code.float(), logits.float()
        pairs = zip(self.box_predictors, maps, strict=True)
        code = torch.cat([rows(predictor(m), self.code_size) for predictor, m in pairs], 1)
        pairs = zip(self.class_predictors, maps, strict=True)
        logits = torch.cat([rows(predictor(m), self.num_classes) for predictor, m in pairs], 1)
        return code.float(), logits.float()
