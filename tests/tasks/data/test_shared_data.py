"""The suite on real photographs, if they are next to the checkout."""

import json

import pytest


@pytest.mark.parametrize("mode", ["full", "overfit"])
def test_real_coco_trains_and_scores(run, shared, tmp_path, mode):
    """Two steps on the real layout, real weights and real annotations."""
    (weights,) = shared.glob("weights/*.safetensors")
    answer = run(
        "task=ssd_coco",
        f"mode={mode}",
        f"data.root={shared / 'coco'}",
        "data.workers=0",
        "data.batch_size=2",
        "size=128",
        "backbone.alpha=0.75",
        f"backbone.weights={weights}",
        "trainer.max_epochs=1",
        "trainer.check_val_every_n_epoch=1",
        "trainer.limit_train_batches=2",
        "trainer.limit_val_batches=2",
        "trainer.limit_test_batches=2",
        "trainer.enable_progress_bar=false",
        f"paths.runs={tmp_path / 'runs'}",
        f"paths.cache={tmp_path / 'cache'}",
    )
    assert "160 images (4 without boxes), 1,280 boxes (12 crowds" in answer.out
    assert "135 tensors matched" in answer.out
    (result,) = (tmp_path / "runs").glob("ssd_coco/*/result.json")
    assert 0 <= json.loads(result.read_text())["metrics"]["AP"] <= 1


def test_weights_of_another_alpha_are_refused_with_the_right_one(run, shared, tmp_path):
    (weights,) = shared.glob("weights/*.safetensors")
    answer = run(
        "task=ssd_coco",
        f"data.root={shared / 'coco'}",
        f"backbone.weights={weights}",
        f"paths.runs={tmp_path / 'runs'}",
        f"paths.cache={tmp_path / 'cache'}",
        code=2,
    )
    assert "alpha=0.75" in answer.err


def test_keras_weights_score_on_imagenet_photographs(run, shared, tmp_path):
    """Evaluation alone, of a flat folder with a CSV list, classifier and all."""
    (weights,) = shared.glob("weights/*.safetensors")
    answer = run(
        "task=imagenet",
        "mode=evaluate",
        f"data.root={shared / 'imagenet_samples'}",
        "data.train=null",
        "data.val=images",
        "data.workers=0",
        "backbone.alpha=0.75",
        f"backbone.weights={weights}",
        "trainer.enable_progress_bar=false",
        f"paths.runs={tmp_path / 'runs'}",
    )
    assert "classifier of 1,000 classes loaded" in answer.out
    (result,) = (tmp_path / "runs").glob("imagenet/*/result.json")
    assert json.loads(result.read_text())["metrics"]["top1"] >= 0.8
