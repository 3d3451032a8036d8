import math

import pytest
import torch
import torch.nn.functional as F

from backbone.errors import InputError
from tasks.faces.margin import ArcFace, CosFace

LOSSES = [CosFace, ArcFace]


def centred(kind, centres, scale=2.0, margin=0.5):
    loss = kind(dimension=len(centres[0]), num_classes=len(centres), scale=scale, margin=margin)
    loss.centres.data = torch.tensor(centres)
    return loss


@pytest.mark.parametrize(
    ("kind", "own"), [(CosFace, 0.6 - 0.5), (ArcFace, math.cos(math.acos(0.6) + 0.5))]
)
def test_losses_with_a_margin_by_hand(kind, own):
    """Cosines 0.6 to the own person's centre and 0.8 to the other's; centres of any length."""
    loss = centred(kind, [[3.0, 0.0], [0.0, 0.1]])
    found = loss(torch.tensor([[0.6, 0.8]]), torch.tensor([0]))
    expected = -math.log(math.exp(2 * own) / (math.exp(2 * own) + math.exp(2 * 0.8)))
    assert found.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", LOSSES)
def test_without_a_margin_it_is_the_softmax_of_cosines(kind):
    generator = torch.Generator().manual_seed(0)
    embedding = F.normalize(torch.randn(5, 8, generator=generator), dim=1)
    labels = torch.tensor([0, 3, 1, 1, 2])
    loss = kind(dimension=8, num_classes=4, scale=10.0, margin=0.0)
    cosine = embedding @ F.normalize(loss.centres, dim=1).T
    assert torch.allclose(loss(embedding, labels), F.cross_entropy(10 * cosine, labels), rtol=1e-5)


@pytest.mark.parametrize("kind", LOSSES)
def test_faces_without_identity_do_not_count(kind):
    loss = centred(kind, [[1.0, 0.0], [0.0, 1.0]])
    faces = F.normalize(torch.tensor([[1.0, 2.0], [5.0, 1.0], [-1.0, 1.0]]), dim=1).requires_grad_()
    mixed = loss(faces, torch.tensor([0, -1, 1]))
    mixed.backward()
    assert mixed.item() == pytest.approx(loss(faces[[0, 2]], torch.tensor([0, 1])).item())
    assert not faces.grad[1].any()
    assert faces.grad[[0, 2]].any(1).all()
    nobody = loss(faces, torch.full((3,), -1))
    assert nobody.item() == 0
    nobody.backward()
    assert not faces.grad.isnan().any()


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_gradients_are_finite_where_face_and_centre_lie_on_one_line(kind, sign):
    loss = centred(kind, [[1.0, 0.0], [0.0, 1.0]], scale=64.0)
    for offset in (0.0, 1e-8, 1e-4):
        face = F.normalize(torch.tensor([[sign, offset]]), dim=1).requires_grad_()
        loss(face, torch.tensor([0])).backward()
        assert face.grad.isfinite().all()
        assert loss.centres.grad.isfinite().all()


@pytest.mark.parametrize("kind", LOSSES)
def test_the_target_logit_falls_with_the_angle(kind):
    """From 0 to pi, also where cos(theta + m) alone would rise again."""
    angle = torch.linspace(0.01, math.pi - 0.01, 200)
    loss = kind(dimension=2, num_classes=2, scale=1.0, margin=0.5)
    hardened = loss.with_margin(angle.cos())
    assert (hardened.diff() < 0).all()
    assert (hardened < angle.cos()).all()


@pytest.mark.parametrize("kind", LOSSES)
def test_a_few_steps_leave_a_margin(kind):
    torch.manual_seed(0)
    faces = torch.nn.Parameter(torch.randn(12, 8))
    labels = torch.arange(12) % 3
    loss = kind(dimension=8, num_classes=3, scale=16.0, margin=0.3)
    optimizer = torch.optim.Adam([faces, *loss.parameters()], lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        loss(F.normalize(faces, dim=1), labels).backward()
        optimizer.step()
    cosine = F.normalize(faces.detach(), dim=1) @ F.normalize(loss.centres.detach(), dim=1).T
    own = F.one_hot(labels, 3).bool()
    nearest_other = cosine.masked_fill(own, -1).amax(1)
    assert (cosine[own] > nearest_other + 0.3).all()


def test_values_out_of_range():
    with pytest.raises(InputError, match="in the training data, not 1"):
        CosFace(dimension=8, num_classes=1, scale=64, margin=0.35)
    for scale, margin in ((0.0, 0.3), (64.0, -0.1), (64.0, 2.0)):
        with pytest.raises(InputError, match="pi/2"):
            ArcFace(dimension=8, num_classes=4, scale=scale, margin=margin)


def test_fp32_under_autocast():
    loss = CosFace(dimension=128, num_classes=10, scale=64.0, margin=0.35)
    faces = F.normalize(torch.randn(4, 128), dim=1)
    labels = torch.arange(4)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = loss(faces, labels)
    assert mixed.dtype == torch.float32
    assert torch.equal(mixed, loss(faces, labels))
