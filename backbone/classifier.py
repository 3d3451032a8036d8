"""The classifier of the MobileNet paper: global average pool, dropout, one linear layer."""

from torch import Tensor, nn

from backbone.errors import InputError
from backbone.head import Head
from backbone.pooling import global_average
from backbone.trunk import Trunk


class Classifier(Head):
    """A trunk with the paper's classifier on its last feature map (arXiv 1704.04861, Table 1).

    The other heads belong to their tasks. This one is beside the trunk because it completes Table
    1's network: published weights include it, and the paper counts the cost of both. The linear
    layer is `fc`; the classifier of a weights file is loaded into it if the classes are the same.
    Further layers before it, which MobileNetV3 and MobileNetV4 have, are `after_pooling`.

    Args:
        trunk: any trunk.
        num_classes: number of logits; there is no background class.
        dropout: probability of dropping a pooled feature; 0.001 in the TensorFlow networks, whose
            small models overfit little (section 3.2).

    Raises:
        InputError: there is no class.
    """

    fc: nn.Linear

    def __init__(self, trunk: Trunk, num_classes: int, dropout: float = 0.001):
        super().__init__()
        if num_classes < 1:
            raise InputError(
                f"a classifier needs at least one class, not num_classes={num_classes}"
            )
        self.trunk = trunk
        self.dropout = nn.Dropout(dropout)
        self.after_pooling = trunk.after_pooling()
        width = trunk.feature_info[trunk.taps[-1]].channels
        if self.after_pooling is not None:
            width = self.after_pooling.width  # type: ignore[assignment]
        self.fc = nn.Linear(width, num_classes)
        # near-zero logits: the first loss is log(num_classes), whatever the trunk's scale
        nn.init.normal_(self.fc.weight, std=0.01)
        nn.init.zeros_(self.fc.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Logits float[B, num_classes] of float[B, 3, H, W], normalised with the trunk's values."""
        pooled = global_average(self.trunk(images))
        if self.after_pooling is not None:
            pooled = self.after_pooling(pooled)
        logits: Tensor = self.fc(self.dropout(pooled))
        return logits
