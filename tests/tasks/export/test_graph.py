"""Every task's whole answer as one graph, for any number of images."""

import pytest
import torch

from tasks.detection.boxes import suppressed
from tasks.export.graph import traced, whole_answer
from tests.tasks.conftest import CHECKPOINTS
from tests.tasks.export.conftest import noise

pytestmark = pytest.mark.slow

TASKS = sorted(path.stem for path in CHECKPOINTS.glob("*.ckpt"))


@pytest.mark.parametrize("task", TASKS)
def test_a_graph_of_any_batch_answers_as_the_task(model, task):
    exported = model(task)
    pixels = noise(exported, 3)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    with torch.inference_mode():
        expected = exported.task.deploy(images)
    graph = whole_answer(exported)
    program = traced(graph, None)
    for count in (3, 1):
        given = torch.from_numpy(pixels[:count])
        found = dict(zip(graph.names, program.module()(given), strict=True))
        assert found.keys() == expected.keys()
        for name, values in found.items():
            torch.testing.assert_close(values, expected[name][:count], rtol=1e-5, atol=1e-4)


def test_the_graph_has_contiguous_weights_and_the_model_keeps_its_own(model):
    exported = model("image_folder")
    before = [tensor.stride() for tensor in exported.task.parameters()]
    graph = whole_answer(exported)
    # by their strides: a 1x1 kernel counts as contiguous with those of channels_last, too, and
    # ExecuTorch's SSD then failed when it ran
    weights = list(graph.parameters())
    assert weights
    for tensor in weights:
        assert tensor.stride() == torch.empty(tensor.shape).stride()
    assert [tensor.stride() for tensor in exported.task.parameters()] == before
    assert not all(tensor.is_contiguous() for tensor in exported.task.parameters())


def test_exported_suppression_is_the_exact_one(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    corner = torch.rand(4, 200, 2, generator=generator) * 60
    boxes = torch.cat([corner, corner + 20 + torch.rand(4, 200, 2, generator=generator) * 20], -1)
    labels = torch.randint(0, 3, (4, 200), generator=generator)
    for given in (labels, None):
        exact = suppressed(boxes, given, 0.5)
        with monkeypatch.context() as patch:
            patch.setattr("tasks.detection.boxes.is_exporting", lambda: True)
            assert torch.equal(suppressed(boxes, given, 0.5), exact)
        assert 0 < exact.sum() < exact.numel()
