"""Weights of a whole network from a run's checkpoint."""

import pytest

from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from tasks.detection.ssd import SSD
from tasks.training.checkpoints import read_checkpoint
from tasks.training.head_weights import load_head


@pytest.mark.slow
def test_a_checkpoint_of_another_size_or_width_says_which(detector):
    path = detector.path / "best.ckpt"
    labels = read_checkpoint(path).labels
    head = SSD(MobileNetV1(0.25), labels.num_classes, 128)
    said = str(load_head(head, str(path), labels, answers_labels=True, size=(128, 160)))
    assert "it was trained with size=96, not [128,160]" in said
    wider = SSD(MobileNetV1(0.5), labels.num_classes, 96)
    with pytest.raises(InputError, match=r"trained with: backbone\.alpha=0\.25 size=96$"):
        load_head(wider, str(path), labels, answers_labels=True, size=(96, 96))
