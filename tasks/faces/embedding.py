"""A face as one point on a sphere: the embedding network of FaceNet on any trunk."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbone.errors import InputError
from backbone.head import Head
from backbone.pooling import global_average
from backbone.trunk import Trunk


class Embedding(Head):
    """A trunk, global average pool, one linear layer, and length one.

    FaceNet's (arXiv 1503.03832, section 3), the network that the MobileNet paper distils (arXiv
    1704.04861, section 4.7). The paper does not say what stands between its trunk and the
    embedding: its Table 14's mult-adds are the body's, its parameters cannot be reproduced.

    Args:
        trunk: any trunk.
        num_classes: identities in the training data, of which the network knows nothing: class
            centres are the margin loss's and the task's, so that no deployed network carries them.
        dimension: of the embedding.
        dropout: probability of dropping a pooled feature.

    Raises:
        InputError: fewer than two dimensions.
    """

    def __init__(
        self, trunk: Trunk, num_classes: int = 0, dimension: int = 128, dropout: float = 0.0
    ):
        super().__init__()
        if dimension < 2:
            raise InputError(f"task.head.dimension={dimension}: FaceNet's embeddings have 128")
        self.trunk = trunk
        self.dropout = nn.Dropout(dropout)
        self.dimension = dimension
        self.project = nn.Linear(trunk.feature_info[trunk.taps[-1]].channels, dimension)

    def forward(self, x: Tensor) -> Tensor:
        """Unit-length float32[B, dimension] of float[B, 3, H, W] normalised with the trunk's
        values."""
        pooled = global_average(self.trunk(x))
        # in fp32: distances between faces of one person are of the size of bfloat16's steps
        with torch.autocast(x.device.type, enabled=False):
            return F.normalize(self.project(self.dropout(pooled.float())), dim=1)
