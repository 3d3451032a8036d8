"""What a joint task's presenter asks of its parts."""

from types import SimpleNamespace

import pytest

from backbone.errors import InputError
from tasks.data.labels import Labels
from tasks.detection.presenter import BoxPresenter
from tasks.joint.presenter import JointPresenter
from tasks.training.presenter import Presenter

LABELS = Labels(2, [0, 1], ["ant", "bee"], ["ant", "bee"])


def test_cocos_list_needs_a_part_that_answers_with_boxes():
    parts = {"insects": SimpleNamespace(present=lambda: Presenter(LABELS))}
    with pytest.raises(InputError, match="--format coco is for detectors"):
        JointPresenter(LABELS, parts).require_boxes()
    parts["boxes"] = SimpleNamespace(present=lambda: BoxPresenter(LABELS))
    JointPresenter(LABELS, parts).require_boxes()
