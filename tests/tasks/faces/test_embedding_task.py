import json
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from backbone.errors import InputError
from tasks.data.labels import Labels
from tasks.faces.embedding_task import FaceEmbedding
from tasks.faces.margin import CosFace
from tasks.images.view import View

MARGIN = partial(CosFace, scale=8.0, margin=0.2)


class Trunk(nn.Module):
    normalization = ((0.5,) * 3, (0.5,) * 3)


class Sees(nn.Module):
    """A head whose embedding is the mean colours of both halves of an image."""

    dimension = 6

    def __init__(self):
        super().__init__()
        self.trunk = Trunk()

    def forward(self, images):
        left, right = images.chunk(2, dim=3)
        return F.normalize(torch.cat([left.mean((2, 3)), right.mean((2, 3))], 1), dim=1)


def task(people=3, **options):
    return FaceEmbedding(Sees(), Labels(people, [], [], []), margin=MARGIN, **options)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, 3, 8, 8), generator=generator, dtype=torch.uint8)
    return {"image": images, "label": torch.tensor([0, 2, -1, 2]), "image_id": torch.arange(4)}


def test_identities_train_the_centres(batch):
    student = task()
    terms = student.loss(batch)
    assert terms.keys() == {"margin"}
    known = [0, 1, 3]
    embedding = student.predict(batch)["embedding"]
    expected = student.margin(embedding[known], batch["label"][known])
    assert terms["margin"].item() == pytest.approx(expected.item())
    terms["margin"].backward()
    assert student.margin.centres.grad.any()


def test_a_student_that_only_has_a_teacher_has_no_centres():
    assert task(teacher_weight=1.0).margin is None
    assert not [name for name in task(teacher_weight=1.0).state_dict() if "margin" in name]
    assert task(teacher_weight=0.5).margin.centres.shape == (3, 6)
    assert task(people=0, teacher_weight=1.0).margin is None
    with pytest.raises(InputError, match=r"have no identities.*distill=cached"):
        task(people=0)
    with pytest.raises(InputError, match="have no identities"):
        task(people=0, teacher_weight=0.5)


def test_flip_test_averages_both_embeddings(batch):
    plain, both = task(), task(flip_test=True)
    mirrored = batch | {"image": batch["image"].flip(3)}
    one, other = (plain.predict(b)["embedding"] for b in (batch, mirrored))
    assert not torch.allclose(one, other, atol=1e-2)
    mean = both.predict(batch)["embedding"]
    assert torch.allclose(mean, F.normalize(one + other, dim=1), atol=1e-6)
    assert torch.allclose(mean, both.predict(mirrored)["embedding"], atol=1e-6)
    assert torch.allclose(mean.norm(dim=1), torch.ones(4))


def test_an_answer_is_plain_values_and_one_line(batch):
    student = task()
    presenter = student.present()
    answer = presenter.describe(student.predict(batch), 1)
    assert json.loads(json.dumps(answer)) == answer
    assert np.linalg.norm(answer["embedding"]) == pytest.approx(1, abs=1e-5)
    assert presenter.tell(answer).endswith("... 6 values of length 1.000")
    assert f"{answer['embedding'][0]:+.3f}" in presenter.tell(answer)


def test_the_picture_has_a_colour_for_each_value():
    presenter = task().present()
    image = Image.new("RGB", (60, 80), (0, 255, 0))
    values = [0.9, -0.4, 0.0, 0.1, -0.1, 0.1]
    drawn = np.asarray(presenter.draw(image, {"embedding": values})).astype(int)
    assert drawn.shape == (96, 60, 3)
    assert (drawn[:80] == (0, 255, 0)).all()
    strip = drawn[-1, 5::10]
    assert strip[0, 2] > strip[0, 0] + 100, "above 0: blue"
    assert strip[1, 0] > strip[1, 2] + 50, "below 0: red"
    assert (strip[2] == 245).all()


def test_the_view_is_that_of_training():
    student = task(view=View(box=[0.25, 0.5, 0.75, 1.0], crop_fraction=1.0))
    seen = student.view.region(200, 100, (64, 64))
    assert seen == pytest.approx((75.0, 50.0, 125.0, 100.0))
