"""A teacher from a file of weights: as wide as the file's tensors, with the file's answers."""

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from tasks.cli.configuration import composed_config
from tasks.data.labels import Labels
from tasks.detection.released import ORDERS
from tasks.detection.ssd import SSD
from tasks.detection.task import Detection
from tasks.distillation.objective import build_distillation
from tasks.distillation.released_teacher import released_teacher
from tests.tasks.detection.test_released import COCO, small, variables

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path):
    """A detector of alpha 0.25 under TensorFlow's names."""
    source, path = small(), tmp_path / "model.npz"
    order = ORDERS["2018"]
    np.savez(path, **variables(source, order), anchor_order=np.array(order))
    return source, path


def config_of(path, **changes):
    """A student's configuration; it composes in a second, so once for all tests."""
    given = ("task=ssd_coco", "size=96", "distill=teacher", "distill.teacher=x.ckpt")
    config = OmegaConf.create(OmegaConf.to_container(composed_config(*given), resolve=True))
    config.distill.teacher = config.distill.source.checkpoint = str(path)
    for key, value in changes.items():
        OmegaConf.update(config, key.replace("__", "."), value)
    return config


def test_the_files_width_is_found_and_its_answers_kept(file):
    source, path = file
    task, size, report = released_teacher(path, config_of(path, backbone__alpha=0.5), COCO)
    assert size == (96, 96)
    assert task.head.trunk.options["alpha"] == 0.25
    assert not task.training
    assert report.classifier_loaded
    image = torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        for ours, theirs in zip(task.head(image), source(image), strict=True):
            torch.testing.assert_close(ours, theirs)


def test_it_teaches_a_student_of_another_width(file):
    _, path = file
    config = config_of(path, task__distillation__features=1.0)
    student = Detection(SSD(MobileNetV1(0.5), 91, 96), COCO)
    student.learn_from(build_distillation(config))
    assert student.teaching.source.recorded is None
    assert [p.weight.shape[:2] for p in student.teaching.objective.projections] == [
        (128, 256),
        (256, 512),
    ]


@pytest.mark.parametrize(
    ("changes", "labels", "said"),
    [
        ({"task__head__separable": True}, COCO, "distill.teacher="),
        ({"task__head__extras": [512]}, COCO, "distill.teacher="),
        ({}, Labels(4, [1, 2, 3], [7, 8, 9], ["a", "b", "c"]), "has other classes"),
    ],
)
def test_a_file_of_another_network_or_of_other_classes_is_named(file, changes, labels, said):
    _, path = file
    with pytest.raises(InputError, match=said) as caught:
        released_teacher(path, config_of(path, **changes), labels)
    assert str(path) in str(caught.value)
    assert "task.head.weights=" not in str(caught.value)


def test_files_that_cannot_teach_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        released_teacher(tmp_path / "x.tflite", config_of(tmp_path / "x.tflite"), COCO)
    (tmp_path / "x.tflite").write_text("text")
    with pytest.raises(InputError, match=r"x\.tflite"):
        released_teacher(tmp_path / "x.tflite", config_of(tmp_path / "x.tflite"), COCO)


def test_the_released_file_is_of_alpha_0_75_at_300(shared):
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    path = shared / "weights/coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.tflite"
    task, size, report = released_teacher(path, config_of(path, backbone__alpha=0.25), COCO)
    assert size == (300, 300)
    assert task.head.trunk.options["alpha"] == 0.75
    assert len(report.matched) == 199
