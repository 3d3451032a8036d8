"""A task's step and answer are one graph each, whatever the number of boxes in a batch."""

from pathlib import Path

import pytest
import torch

from tasks.training import compiling
from tasks.training.compiling import Compiled
from tests.tasks.training.every_task import built, task_options

pytestmark = pytest.mark.slow
# SSD stands for all detectors, which take longer to trace, and faces are simpler than these
GRAPHS = {"image_folder": 2, "ssd_coco": 3, "planet": 2}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("every-task")


@pytest.mark.parametrize("name", GRAPHS)
def test_a_step_and_an_answer_are_one_graph_each(name, root, sample, tmp_path, monkeypatch):
    """A second number of boxes needs one more graph, and that one takes any number."""
    graphs, reports = [], []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph

    monkeypatch.setattr(compiling, "BACKEND", backend)
    torch.compiler.reset()
    run = built([*task_options(name, root, sample), f"paths.runs={tmp_path}"])
    task, few = run.task, run.data.batch("train", range(2))
    learn, scored = (
        Compiled(getattr(task, method), task, method, lambda *report: reports.append(report))
        for method in ("learn", "scored")
    )
    for boxes in (8, 16, 24, 8):
        if "boxes" in few:
            few["boxes"], few["labels"] = torch.zeros(2, boxes, 4), torch.zeros(2, boxes).long()
        task.train()
        learn(*task.augmented(few))
        task.eval()
        with torch.inference_mode():
            scored(few)
    assert len(graphs) == len(reports) == GRAPHS[name]
    assert [reason for _, _, reason in reports] == [None] * len(reports)
