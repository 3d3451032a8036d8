import pytest
import torch
from torch import nn

from backbone.classifier import Classifier
from backbone.head import Head
from backbone.mobilenet_v1 import MobileNetV1


class Means(Head):
    """The smallest head: the mean of each channel of the last map."""

    def __init__(self, trunk):
        super().__init__()
        self.trunk = trunk

    def forward(self, images):
        return self.trunk(images).mean((2, 3))


def test_a_head_needs_a_trunk_and_a_forward_only():
    head = Means(MobileNetV1(alpha=0.25)).eval()
    assert head.fc is None
    assert {name.partition(".")[0] for name in head.state_dict()} == {"trunk"}
    with torch.no_grad():
        assert head(torch.zeros(2, 3, 32, 32)).shape == (2, 256)


def test_the_linear_layer_of_a_classifier_is_its_fc():
    head = Classifier(MobileNetV1(alpha=0.25), 7)
    assert isinstance(head, Head)
    assert isinstance(head.fc, nn.Linear)
    assert head.state_dict()["fc.weight"] is not None
    assert set(head.fc.parameters()) <= set(head.parameters())


def test_a_head_without_forward_cannot_be_made():
    with pytest.raises(TypeError, match=r"abstract class Head .*forward"):
        Head()
