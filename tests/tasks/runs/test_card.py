"""The model card: Hugging Face reads its header, and it says what a reader must know."""

import pytest
import yaml
from huggingface_hub import ModelCard

from tasks.runs.card import card_text
from tests.conftest import result_of
from tests.tasks.runs.test_result import RESULT

CONFIG = {
    "task": {"name": "imagenet", "kind": "classification", "head": {"_target_": "a.Classifier"}},
    "data": {"name": "imagenet"},
    "backbone": {"_target_": "backbone.mobilenet_v1.MobileNetV1", "alpha": 0.5},
    "size": 224,
    "mode": "full",
}
MORE = {"task": "imagenet", "trunk": "trunk weights: random initialisation", "seed": 3}
FULL = RESULT | MORE | {"intervals": {"top1": [0.45, 0.55]}}


def test_huggingface_reads_the_header():
    result = FULL | {"metrics": {"top1": 0.5, "median_km": 12, "AP": -1.0}}
    card = ModelCard(card_text("mobilenetv1-0.5-224-abc", result, CONFIG))
    assert card.data.license == "other"
    assert card.data.pipeline_tag == "image-classification"
    scores = {of.metric_type: of.metric_value for of in card.data.eval_results}
    assert scores == {"top1": 50.0, "median_km": 12}, "an undefined score is left out"
    assert card.data.eval_results[0].metric_name == "top1 (95% interval 45.0 to 55.0)"


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("classification", "imagenet", "for research"),
        ("detection", "coco", "Flickr's terms"),
        ("attributes", "celeba", "Do not let this model decide anything about a person."),
        ("face_embedding", "face_folders", "A threshold chosen on one set of pairs"),
        ("geolocation", "places", "Do not use this on photographs of people"),
        ("mine", "mine", "known to those who trained the model"),
    ],
)
def test_it_states_terms_and_limits(kind, data, said):
    config = CONFIG | {"task": CONFIG["task"] | {"kind": kind}, "data": {"name": data}}
    text = card_text("x", FULL | {"continued_from": "runs/a/last.ckpt"}, config)
    assert said in text
    for part in (
        "| `top1` | 50.0 | 45.0 to 55.0 | 10.0 |",
        "runs/a/last.ckpt",
        "cat",
        "tasks.load",
    ):
        assert part in text


def test_a_task_of_ones_own_is_used_with_its_module():
    network = {"_target_": "tasks.detection.ssd.SSD"}
    config = CONFIG | {"task": {"head": network, "module": {"_target_": "my.grades.Grades"}}}
    text = card_text("x", FULL, config)
    assert """tasks.load("best.ckpt", trust=['my.grades'])""" in text
    assert "photo.jpg --trust my.grades`" in text
    assert "loading it imports my.grades." in text


def test_each_score_of_a_joint_network_is_of_its_own_part():
    parts = {
        "pets": {"task": {"kind": "classification"}, "data": {"name": "image_folder"}},
        "ssd": {"task": {"kind": "detection"}, "data": {"name": "coco"}},
    }
    metrics = {"relative": 0.9, "pets/top1": 0.5, "ssd/AP": 0.25}
    card = ModelCard(card_text("x", FULL | {"metrics": metrics}, CONFIG | {"parts": parts}))
    found = {of.metric_type: (of.task_type, of.dataset_type) for of in card.data.eval_results}
    assert found == {
        "pets/top1": ("image-classification", "image_folder"),
        "ssd/AP": ("object-detection", "coco"),
    }
    assert card.data.pipeline_tag is None


def test_a_sample_is_of_no_use_on_photographs():
    text = card_text("x", FULL, CONFIG | {"mode": "sample"})
    assert "of no use on photographs" in text
    assert "Apache-2.0, as the suite" in text
    data = {"name": "imagenet", "root": "/photographs", "sample": {"root": "data/samples"}}
    own = card_text("x", FULL, CONFIG | {"mode": "sample", "data": data})
    assert "of no use on photographs" not in own
    assert "ImageNet" in own


def test_every_run_has_one(detector):
    text = (detector.path / "card.md").read_text()
    header = yaml.safe_load(text.split("---\n")[1])
    result = result_of(detector.path)
    defined = [name for name, value in result["metrics"].items() if value >= 0]
    assert header["metrics"] == defined
    assert header["pipeline_tag"] == "object-detection"
    assert f"{result['cost']['parameters'] / 1e6:.2f} million parameters" in text
    assert "warning" not in detector.answer.err


def test_a_joint_network_has_the_terms_and_the_limits_of_all_parts():
    parts = {
        "boxes": {"task": {"kind": "detection"}, "data": {"name": "coco"}},
        "faces": {"task": {"kind": "attributes"}, "data": {"name": "celeba"}},
    }
    task = {"name": "joint", "kind": "joint", "head": {"_target_": "a.Joint"}}
    card = card_text("x", FULL, CONFIG | {"task": task, "data": {"name": "joint"}, "parts": parts})
    assert "boxes: COCO" in card
    assert "Flickr's terms" in card
    assert "Do not let this model decide anything about a person." in card
