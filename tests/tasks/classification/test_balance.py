"""An unbalanced set from the command line: what is drawn and how it counts."""

import numpy as np
import pytest
import torch

from tasks.classification.task import Classification
from tests.conftest import quick_options, result_of

WEIGHTS = "weights/mobilenet_v1_0.75_224_keras_float.safetensors"


@pytest.fixture
def unbalanced(images, tmp_path):
    """Twenty ants for two bees."""
    counts = {("train", "ant"): 20, ("train", "bee"): 2, ("val", "ant"): 2, ("val", "bee"): 2}
    files = [f"{s}/{name}/{i}.jpg" for (s, name), n in counts.items() for i in range(n)]
    return images(tmp_path / "insects", files)


def test_a_run_draws_and_weighs_as_it_is_told(run, unbalanced, tmp_path, monkeypatch):
    seen = []
    loss = Classification.loss

    def recording(self, batch):
        seen.append((batch["label"], batch["image_id"], batch["image"], self.class_weights))
        return loss(self, batch)

    monkeypatch.setattr(Classification, "loss", recording)
    answer = run(
        *("task=image_folder", f"data.root={unbalanced}", "backbone.alpha=0.25", "size=32"),
        *("data.balance=1", "task.module.class_weights={bee:3}", "task.module.focal=2"),
        *("task.module.monitor=mean_class_accuracy", "data.batch_size=11", "trainer.max_epochs=1"),
        *quick_options(tmp_path),
    )
    assert "an epoch draws 22 images, 11 of each class" in answer.out
    labels, rows, pictures, (weights, _) = (
        *(torch.cat(one) for one in list(zip(*seen, strict=True))[:3]),
        [one[3] for one in seen],
    )
    assert labels.bincount().tolist() == [11, 11]
    torch.testing.assert_close(weights, torch.tensor([22 / 26, 3 * 22 / 26]))
    (path,) = (tmp_path / "runs/image_folder").iterdir()
    assert result_of(path)["monitor"] == "mean_class_accuracy"
    assert len(rows.unique()) == 13
    assert len(pictures) == 22


def test_ants_and_bees_of_which_one_in_eleven_is_an_ant(run, shared, tmp_path):
    """The score of the rare class, which a plain run gives up."""
    for name, count in (("ants", 12), ("bees", None)):
        folder = tmp_path / "insects/train" / name
        folder.mkdir(parents=True)
        for file in sorted((shared / "hymenoptera/train" / name).iterdir())[:count]:
            (folder / file.name).symlink_to(file)
    (tmp_path / "insects/val").symlink_to(shared / "hymenoptera/val")
    scores = []
    for options in ([], ["data.balance=1"]):
        answer = run(
            *("task=image_folder", f"data.root={tmp_path / 'insects'}", "backbone.alpha=0.75"),
            *(f"backbone.weights={shared / WEIGHTS}", "optimizer.freeze_trunk=true", "size=96"),
            *("trainer.max_epochs=2", "trainer.check_val_every_n_epoch=2"),
            *(*quick_options(tmp_path), *options),
        )
        line = next(x for x in answer.out.splitlines() if x.startswith("mean_class_accuracy"))
        scores.append(float(line.split()[1]))
    assert np.diff(scores) > 10, scores
