"""A classifier from the command line: train, score, predict, and fine-tune on other classes."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tasks import predict
from tests.conftest import call, quick_options, result_of


@pytest.fixture(scope="session")
def dogs(tmp_path_factory) -> Path:
    """A drawn set of 24 + 12 dogs, one for all test processes."""
    from tasks.samples.dogs import draw_dogs

    root = tmp_path_factory.getbasetemp().parent / "drawn-dogs"
    draw_dogs(root, train=24, val=12, workers=1)
    return root


@pytest.fixture
def options(tmp_path) -> list[str]:
    return ["backbone.alpha=0.25", "size=64", *quick_options(tmp_path)]


@pytest.fixture(scope="module")
def trained(run, dogs, tmp_path_factory) -> Path:
    """The folder of a finished run on the dogs."""
    folder = tmp_path_factory.mktemp("trained")
    options = ["task=stanford_dogs", "mode=smoke", f"data.root={dogs}"]
    small = ["backbone.alpha=0.25", "size=64"]
    run(*options, *small, *quick_options(folder), pictures=True)
    (path,) = (folder / "runs/stanford_dogs").iterdir()
    return path


def metrics(folder: Path) -> dict[str, float]:
    return result_of(folder)["metrics"]


def test_a_run_scores_and_draws(trained):
    assert metrics(trained).keys() == {"top1", "top5", "mean_class_accuracy"}
    pictures = {p.name for p in (trained / "plots").iterdir()}
    assert {"confusion_matrix.png", "learning_curves.png", "reliability.png"} <= pictures
    assert "most_confident_mistakes.png" in pictures, "one epoch of six steps errs somewhere"


def test_classes_and_calibration_are_reported(trained):
    result = result_of(trained)
    rows, matrix = result["per_category"], np.array(result["confusion"]["matrix"])
    assert [row["images"] for row in rows] == matrix.sum(1).tolist()
    accuracy = [row["accuracy"] for row in rows if row["images"]]
    assert np.mean(accuracy) == pytest.approx(metrics(trained)["mean_class_accuracy"], abs=1e-3)
    calibration = result["calibration"]
    assert sum(calibration["bins"]["images"]) == matrix.sum()
    assert calibration["fitted_on"] == "val"
    saved = torch.load(trained / "best.ckpt", weights_only=True)["chosen"]["temperature"]
    assert calibration["temperature"] == pytest.approx(saved, abs=1e-4)
    assert "fitted on these images" in result["summary"][0]


def test_evaluating_the_checkpoint_gives_the_reported_scores(run, trained, dogs, options, tmp_path):
    run(
        "task=stanford_dogs",
        "mode=evaluate",
        f"data.root={dogs}",
        f"backbone.weights={trained / 'best.ckpt'}",
        *options,
    )
    (folder,) = (tmp_path / "runs/stanford_dogs").iterdir()
    assert metrics(folder) == metrics(trained)
    weights = [torch.load(p / "best.ckpt", weights_only=True) for p in (trained, folder)]
    for name, tensor in weights[0]["state_dict"].items():
        if not name.endswith("num_batches_tracked"):  # which nothing reads
            assert torch.equal(tensor, weights[1]["state_dict"][name]), name


def test_evaluating_a_random_classifier_is_refused(run, dogs, options):
    answer = run(
        "task=stanford_dogs",
        "mode=evaluate",
        f"data.root={dogs}",
        *options,
        code=2,
    )
    assert "random initialisation" in answer.err
    assert "backbone.weights=" in answer.err


def test_a_checkpoint_of_other_classes_gives_its_trunk_only(run, trained, dogs, options, tmp_path):
    """The second stage of a recipe: the classifier is dropped, and a message says so."""
    answer = run(
        "task=image_folder",
        "mode=full",
        f"data.root={dogs / 'Images'}",
        "data.val_fraction=0.34",
        "data.batch_size=8",
        "trainer.max_epochs=1",
        "optimizer.freeze_trunk_epochs=1",
        "optimizer.ema_decay=null",
        f"backbone.weights={trained / 'best.ckpt'}",
        *options,
    )
    (folder,) = (tmp_path / "runs/image_folder").iterdir()
    state = [torch.load(p / "best.ckpt", weights_only=True) for p in (trained, folder)]
    assert "classifier" in answer.out
    assert "dropped" in answer.out
    for name, tensor in state[0]["state_dict"].items():
        if name.startswith("head.trunk.") and not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, state[1]["state_dict"][name]), f"{name} was frozen"


def test_predict_prints_and_draws_the_five_best(trained, dogs, tmp_path):
    image = next((dogs / "Images").glob("*/*.jpg"))
    printed = call(predict.main, trained / "best.ckpt", image, "--output", tmp_path / "out").out
    (answer,) = json.loads((tmp_path / "out/predictions.json").read_text())
    assert len(answer["classes"]) == 5
    assert (tmp_path / "out" / answer["picture"]).stat().st_size > 1000
    assert all(c["name"] in printed for c in answer["classes"])


def test_any_timm_network_trains(run, dogs, options, tmp_path):
    run(
        "task=stanford_dogs",
        "mode=smoke",
        f"data.root={dogs}",
        "backbone=timm",
        "backbone.name=test_resnet",
        *options[1:],
    )
    (path,) = (tmp_path / "runs/stanford_dogs").iterdir()
    assert path.name.startswith("test_resnet-64-smoke-")
    assert 0 <= metrics(path)["top1"] <= 1


def test_a_network_that_timm_lacks_is_answered_with_the_nearest(run, dogs, options):
    answer = run(
        "task=stanford_dogs",
        "mode=smoke",
        f"data.root={dogs}",
        "backbone=timm",
        "backbone.name=resnet81",
        *options[1:],
        code=2,
    )
    assert "resnet18" in answer.err
    assert "Traceback" not in answer.err


def test_a_fused_optimizer_is_clipped_in_mixed_precision(run, dogs, options):
    """Lightning would refuse at the first step, on a GPU and here."""
    data = ["task=stanford_dogs", "mode=smoke", f"data.root={dogs}", "trainer.precision=bf16-mixed"]
    run(*data, *options, "optimizer=adamw", "trainer.gradient_clip_val=0.1")
