"""The classifier's loss, answer and view of an image, compared with plain formulas."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from backbone.classifier import Classifier
from backbone.mobilenet_v1 import MobileNetV1
from tasks.classification.task import Classification
from tasks.data.image_index import ImageIndex
from tasks.data.labels import Labels
from tasks.images.view import View
from tasks.training.recipe import Recipe, cosine

NAMES = ["ant", "bee", "cat", "dog", "emu", "fox", "gnu"]


def build(freeze_trunk=False, **options) -> Classification:
    torch.manual_seed(0)
    head = Classifier(MobileNetV1(alpha=0.25), len(NAMES), dropout=0.0)
    nn.init.normal_(head.fc.weight, std=0.5)
    labels = Labels(len(NAMES), list(range(len(NAMES))), [f"n{i}" for i in range(7)], NAMES)
    recipe = Recipe(
        torch.optim.SGD,
        lr=0.1,
        batch=8,
        weight_decay=0.0,
        schedule=cosine,
        freeze_trunk=freeze_trunk,
    )
    return Classification(head, labels=labels, recipe=recipe, **options).eval()


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    return {
        "image": torch.randint(0, 256, (8, 3, 64, 64), generator=generator).to(torch.uint8),
        "label": torch.arange(8) % 7,
        "image_id": torch.arange(8),
    }


def log_probabilities(task, images):
    return F.log_softmax(task.head(images.float() / 127.5 - 1), 1)


def test_the_loss_is_cross_entropy(batch):
    task = build()
    expected = -log_probabilities(task, batch["image"])[range(8), batch["label"]].mean()
    torch.testing.assert_close(task.loss(batch)["classification"], expected)


def test_label_smoothing_spreads_the_target(batch):
    task = build(label_smoothing=0.1)
    logs = log_probabilities(task, batch["image"])
    target = F.one_hot(batch["label"], 7) * 0.9 + 0.1 / 7
    torch.testing.assert_close(task.loss(batch)["classification"], -(target * logs).sum(1).mean())


def test_mixup_mixes_images_and_targets_alike(batch, monkeypatch):
    """Compared with the formula of the paper, for given pairs and shares."""
    task = build(mixup=0.4, label_smoothing=0.1)
    partner = torch.tensor([3, 0, 1, 2, 7, 6, 5, 4])
    share = torch.linspace(0, 1, 8)
    monkeypatch.setattr(torch, "randperm", lambda n, device=None: partner)
    monkeypatch.setattr(torch.distributions.Beta, "sample", lambda self: share)
    own = share[:, None, None, None]
    images = own * batch["image"] + (1 - own) * batch["image"][partner]
    hot = F.one_hot(batch["label"], 7).float()
    target = share[:, None] * hot + (1 - share)[:, None] * hot[partner]
    target = target * 0.9 + 0.1 / 7
    expected = -(target * log_probabilities(task, images)).sum(1).mean()
    torch.testing.assert_close(task.loss(batch)["classification"], expected)


def test_mixup_draws_beta_shares(batch):
    task = build(mixup=0.2)
    shares = []
    sample = torch.distributions.Beta.sample

    def record(self):
        shares.append(sample(self))
        return shares[-1]

    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(torch.distributions.Beta, "sample", record)
        for _ in range(40):
            task.loss(batch)
    drawn = torch.cat(shares)
    assert drawn.mean() == pytest.approx(0.5, abs=0.08)
    assert drawn.var() == pytest.approx(0.25 / 1.4, rel=0.25)  # of Beta(a, a): 1 / (4 (2a + 1))


def test_focal_loss_weighs_what_is_not_sure(batch):
    task = build(focal=2.0)
    logs = log_probabilities(task, batch["image"])[range(8), batch["label"]]
    expected = (-((1 - logs.exp()) ** 2) * logs).mean()
    torch.testing.assert_close(task.loss(batch)["classification"], expected)


def fit_started(task, labels):
    """A task that has begun to learn from images with these labels."""
    index = ImageIndex("", np.zeros(len(labels), "S1"), np.array(labels), ((("n", "n"),) * 7))
    task._trainer = SimpleNamespace(datamodule=SimpleNamespace(indices={"train": index}))
    task.on_fit_start()
    return task


@pytest.mark.parametrize(
    ("given", "weights"),
    [
        ("balanced", [0.6, 0.6, 1.8, 1.8, 1.8, 0, 0]),
        ({"ant": 4}, [2, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]),
    ],
)
def test_images_count_by_their_class(batch, given, weights):
    task = fit_started(build(class_weights=given), [0, 0, 0, 1, 1, 1, 2, 3, 4])
    torch.testing.assert_close(task.class_weights, torch.tensor(weights, dtype=torch.float32))
    logs = log_probabilities(task, batch["image"])[range(8), batch["label"]]
    expected = (-task.class_weights[batch["label"]] * logs).mean()
    torch.testing.assert_close(task.loss(batch)["classification"], expected)


@pytest.mark.slow
def test_predict_gives_the_five_best_in_order(batch):
    task = build()
    with torch.no_grad():
        prediction = task.predict(batch)
        expected = log_probabilities(task, batch["image"]).exp()
    assert prediction["labels"].shape == (8, 5)
    best = expected.sort(1, descending=True)
    assert torch.equal(prediction["labels"], best.indices[:, :5])
    torch.testing.assert_close(prediction["probabilities"], best.values[:, :5])


def test_predict_answers_at_the_temperature_of_the_validation_and_is_scored_without(batch):
    task = build()
    task.head.fc.weight.data.mul_(0.01)  # or all probabilities are 1
    with torch.no_grad():
        before, scored = task.predict(batch), task.scored(batch)
        task.chosen = {"temperature": 2.5}
        after, scored_again = task.predict(batch), task.scored(batch)
        logits = log_probabilities(task, batch["image"])
    assert torch.equal(before["labels"], after["labels"])
    best = (logits / 2.5).softmax(1).topk(5, dim=1)
    torch.testing.assert_close(after["probabilities"], best.values)
    assert (after["probabilities"][:, 0] < before["probabilities"][:, 0]).all()
    assert torch.equal(scored["probabilities"], scored_again["probabilities"])


def test_an_answer_names_classes_and_is_drawn(batch):
    task = build()
    with torch.no_grad():
        prediction = task.predict(batch)
    presenter = task.present()
    answer = presenter.describe(prediction, 2)
    first = answer["classes"][0]
    label = prediction["labels"][2, 0].item()
    assert (first["id"], first["name"]) == (f"n{label}", NAMES[label])
    assert presenter.tell(answer).startswith(f"{NAMES[label]} {first['probability']:.3f}, ")
    photograph = Image.new("RGB", (900, 300), (10, 60, 90))
    drawn = presenter.draw(photograph, answer)
    assert drawn.width == 640
    below = drawn.crop((0, 214, 640, drawn.height))
    colours = {colour for _, colour in below.getcolors(1 << 16)}
    assert (166, 205, 232) in colours, "a bar"
    assert photograph.size == (900, 300), "the photograph itself is not drawn on"


def test_the_view_is_the_central_part():
    view = build(view=View(crop_fraction=0.5)).view
    assert view.region(400, 200, (64, 64)) == pytest.approx((150, 50, 250, 150))


def train_a_step(task, optimizer, epoch):
    """Names of the tensors that a training step in an epoch changes."""
    task.recipe.set_trunk_mode(task.head.trunk, epoch)
    optimizer.zero_grad()
    before = {k: v.clone() for k, v in task.head.state_dict().items()}
    torch.manual_seed(1)
    F.cross_entropy(task.head(torch.randn(8, 3, 64, 64)), torch.arange(8) % 7).backward()
    optimizer.step()
    changed = {k for k, v in task.head.state_dict().items() if not torch.equal(v, before[k])}
    return {k.removeprefix("trunk.") for k in changed}


def test_a_frozen_trunk_keeps_weights_and_statistics_until_its_epochs_are_over():
    task = build().train()
    task.recipe.freeze_trunk_epochs = 2
    optimizer, _ = task.recipe.build(task.head, batch=8, steps=4)  # before the first epoch
    for epoch in (0, 1):
        assert train_a_step(task, optimizer, epoch) == {"fc.weight", "fc.bias"}
    changed = train_a_step(task, optimizer, 2)
    assert {"conv0.conv.weight", "conv0.bn.running_mean", "conv13.pointwise.bn.bias"} <= changed


def test_a_trunk_frozen_for_ever_is_in_no_optimizer():
    task = build(freeze_trunk=True).train()
    optimizer, _ = task.recipe.build(task, batch=8, steps=4)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 2
    assert train_a_step(task, optimizer, 1000) == {"fc.weight", "fc.bias"}


def test_frozen_statistics_leave_the_weights_learning():
    task = build().train()
    task.recipe.freeze_trunk_statistics = True
    optimizer, _ = task.recipe.build(task.head, batch=8, steps=4)
    changed = train_a_step(task, optimizer, 0)
    assert {"conv0.conv.weight", "conv13.pointwise.bn.bias"} <= changed
    assert not any("running" in name for name in changed)
