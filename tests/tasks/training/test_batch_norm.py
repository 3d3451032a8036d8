"""A batch of one whose feature maps are one pixel is refused before training, and no other."""

import pytest
import torch
from torch import nn

from backbone.classifier import Classifier
from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from tasks.classification.task import Classification
from tasks.data.labels import Labels
from tasks.detection.ssd import SSD
from tasks.training.batch_norm import check_batch_norm
from tasks.training.recipe import Recipe


def task_of(head=None, **options):
    recipe = Recipe(torch.optim.SGD, 0.1, 1, 0.0, lambda progress: 1.0, **options)
    head = head or Classifier(MobileNetV1(0.25), 3)
    labels = Labels(3, [0, 1, 2], [0, 1, 2], list("abc"))
    return Classification(head=head, labels=labels, recipe=recipe)


def test_one_image_of_one_pixel_maps_is_refused():
    task = task_of()
    before = {name: value.clone() for name, value in task.state_dict().items()}
    with pytest.raises(InputError) as error:
        check_batch_norm(task, 1, (32, 32))
    assert "1 x 1 at size 32 x 32" in str(error.value)
    assert "data.batch_size=2" in str(error.value)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        task.train().network(torch.zeros(1, 3, 32, 32))
    for name, value in task.state_dict().items():
        if "num_batches" not in name and "running" not in name:
            assert torch.equal(value, before[name])


@pytest.mark.parametrize(("images", "size"), [(2, 32), (1, 64)])
def test_what_works_passes_and_nothing_changes(images, size):
    task = task_of()
    before = {name: value.clone() for name, value in task.state_dict().items()}
    check_batch_norm(task, images, (size, size))
    assert task.training
    assert all(torch.equal(value, before[name]) for name, value in task.state_dict().items())
    task.train().network(torch.zeros(images, 3, size, size))


def test_kept_statistics_need_no_second_image():
    check_batch_norm(task_of(freeze_trunk_statistics=True), 1, (32, 32))


def test_the_extra_layers_of_a_detector_are_looked_at():
    head = SSD(MobileNetV1(0.25), 3, 300)
    task = task_of(head)
    with pytest.raises(InputError, match="extras"):
        check_batch_norm(task, 1, (300, 300))
    check_batch_norm(task, 2, (300, 300))
    assert [m for m in task.modules() if isinstance(m, nn.BatchNorm2d) and not m.training] == []
