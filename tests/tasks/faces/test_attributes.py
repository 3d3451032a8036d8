"""The loss of attributes, compared with plain formulas."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import sigmoid_focal_loss

from backbone.classifier import Classifier
from backbone.mobilenet_v1 import MobileNetV1
from tasks.data.labels import Labels
from tasks.faces.attribute_index import AttributeIndex
from tasks.faces.attributes import FaceAttributes

NAMES = ["Smiling", "Bald", "Young"]
TRAINED = np.array([[1, 1, 1], [0, 0, 1], [0, -1, 1], [0, 0, 1], [0, 0, 1]], np.int8)
LABELS = torch.tensor([[1, -1, 1], [0, 1, 0]])


@pytest.fixture
def logits():
    return torch.randn(2, 3, generator=torch.Generator().manual_seed(0)) * 3


def build(**options) -> FaceAttributes:
    """A task that has begun to learn from the images above."""
    head = Classifier(MobileNetV1(alpha=0.25), 3)
    task = FaceAttributes(head, Labels(3, [0, 1, 2], NAMES, NAMES), **options)
    index = AttributeIndex("", np.zeros(5, "S1"), TRAINED, tuple((n, n) for n in NAMES))
    task._trainer = SimpleNamespace(datamodule=SimpleNamespace(indices={"train": index}))
    task.on_fit_start()
    return task


def loss(task, logits):
    return task.terms(logits, {"label": LABELS})["attributes"]


def test_unknown_labels_do_not_count(logits):
    known = LABELS >= 0
    expected = F.binary_cross_entropy_with_logits(logits[known], LABELS[known].float())
    torch.testing.assert_close(loss(build(), logits), expected)


def test_focal_is_that_of_torchvision(logits):
    known = LABELS >= 0
    expected = sigmoid_focal_loss(logits[known], LABELS[known].float(), -1, 2, "mean")
    torch.testing.assert_close(loss(build(focal=2), logits), expected)


@pytest.mark.parametrize(
    ("given", "weights"),
    [
        # one in five smiles, one of four is bald; with none to compare, all count as they are
        ("balanced", [[5 / 8, 4 / 6, 0], [5 / 2, 4 / 2, 1]]),
        ({"Smiling": 6}, [[1 / 2, 1, 1], [3, 1, 1]]),
    ],
)
def test_positives_count_by_their_number(logits, given, weights):
    task = build(positive_weights=given)
    torch.testing.assert_close(task.answer_weights, torch.tensor(weights))
    each = F.binary_cross_entropy_with_logits(logits, LABELS.float().clamp(min=0), reduction="none")
    factor = task.answer_weights.gather(0, LABELS.clamp(min=0))
    known = LABELS >= 0
    torch.testing.assert_close(loss(task, logits), (each * factor)[known].mean())
