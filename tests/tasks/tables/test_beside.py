"""Which row of the paper is shown next to a run."""

import pytest

from tasks.tables.beside import row_beside
from tasks.tables.counting import compose_row

pytestmark = pytest.mark.slow

OWN = [
    *("imagenet", "stanford_dogs", "planet", "face_attributes", "face_embedding"),
    *("ssd_coco", "faster_rcnn_coco"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("overrides", "row", "value", "mult_adds"),
    [
        (["task=faster_rcnn_coco", "size=600"], "Faster-RCNN 600 / MobileNet", 19.8, "30.5B"),
        (["task=stanford_dogs", "backbone.alpha=0.75"], "0.75 MobileNet-224", 81.9, "325M"),
        # of another table than the task's own; the weights are no part of a network
        (
            ["task=imagenet", "mode=evaluate", "size=160", "backbone.weights=keras"],
            "1.0 MobileNet-160",
            67.2,
            "290M",
        ),
        (["task=imagenet", "backbone.body=shallow"], "Shallow MobileNet", 65.3, "307M"),
        (["task=face_attributes", "backbone.alpha=0.5"], "0.5 MobileNet-128", 87.7, "48M (body)"),
        # no row is of this network
        (["task=ssd_coco", "backbone.alpha=0.75"], "SSD 300 / MobileNet", 19.3, "1.2B"),
        (["task=stanford_dogs", "mode=sample"], "1.0 MobileNet-224", 83.3, "569M"),
        # not this paper's
        (["task=ssdlite_coco"], "MNet V2 + SSDLite, arXiv 1801.04381", 22.1, "0.8B"),
    ],
)
def test_a_run_stands_beside_the_row_of_its_network(overrides, row, value, mult_adds):
    found = row_beside(compose_row(*overrides))
    assert (found["row"], found["value"], found["mult_adds"]) == (row, value, mult_adds)


@pytest.mark.parametrize("task", OWN)
def test_a_task_names_a_row_as_its_table_has_it(task):
    config = compose_row(f"task={task}")
    own, found = config.task.paper, row_beside(config)
    for key in ("table", "metric", "value"):
        assert found[key] == own[key]
    for key in ("mult_adds", "parameters"):
        assert found[key].removesuffix(" (body)") == own[key].removesuffix(" (body)")
    assert found["row"].endswith(own["row"])


def test_what_the_row_does_not_say_stays_the_tasks():
    found = row_beside(compose_row("task=planet"))
    assert found["others"]["within_25_km"] == 31.7
    assert found["data"] == "Im2GPS"


def test_a_task_of_ones_own_stands_alone():
    assert row_beside(compose_row("task=image_folder")) is None
