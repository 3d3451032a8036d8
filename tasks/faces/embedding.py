"""A face as a point on a sphere: FaceNet's embedding network on any trunk."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbone.errors import InputError
from backbone.head import Head
from backbone.pooling import global_average
from backbone.trunk import Trunk


class Embedding(Head):
    """A trunk, global average pooling, one linear layer, and normalisation to unit length.

    This is FaceNet's embedding (arXiv 1503.03832, section 3), which the MobileNet paper distils
    (arXiv 1704.04861, section 4.7). The paper does not describe the layers between its trunk and
    the embedding: the mult-adds in its Table 14 are the body's, and its parameter count cannot be
    reproduced.

    Args:
        trunk: any trunk.
        num_classes: identities in the training data. The network ignores them: the class centres
            belong to the margin loss of the task, so that no deployed network carries them.
        dimension: of the embedding, at least 2.
        dropout: probability of dropping a pooled feature.

    Raises:
        InputError: fewer than two dimensions.
    """

    def __init__(
        self, trunk: Trunk, num_classes: int = 0, dimension: int = 128, dropout: float = 0.0
    ):
        super().__init__()
        if dimension < 2:
            raise InputError(f"task.head.dimension={dimension} must be at least 2; 128 is usual")
        self.trunk = trunk
        self.dropout = nn.Dropout(dropout)
        self.dimension = dimension
        self.project = nn.Linear(trunk.feature_info[trunk.taps[-1]].channels, dimension)

    def forward(self, x: Tensor) -> Tensor:
        """Unit-length float32[B, dimension] for normalised images float[B, 3, H, W]."""
        pooled = global_average(self.trunk(x))
        # in fp32: distances between faces of one person are as small as the steps of bfloat16
        with torch.autocast(pooled.device.type, enabled=False):
            return F.normalize(self.project(self.dropout(pooled.float())), dim=1)
