import pytest
import torch

from backbone.cost import cost
from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from tasks.faces.embedding import Embedding


@pytest.fixture(scope="module")
def head():
    torch.manual_seed(0)
    return Embedding(MobileNetV1(alpha=0.25), num_classes=7).eval()


def test_embeddings_have_length_one_in_fp32(head):
    images = torch.randn(3, 3, 64, 64)
    embedding = head(images)
    assert embedding.shape == (3, 128)
    assert torch.allclose(embedding.norm(dim=1), torch.ones(3), atol=1e-6)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = head(images)
    assert mixed.dtype == torch.float32
    assert torch.allclose(mixed.norm(dim=1), torch.ones(3), atol=1e-6), "normalised in fp32"
    assert (mixed * embedding).sum(1).min() > 0.99


def test_the_network_does_not_depend_on_the_identities(head):
    other = Embedding(MobileNetV1(alpha=0.25), num_classes=90_000)
    assert {k: v.shape for k, v in other.state_dict().items()} == {
        k: v.shape for k, v in head.state_dict().items()
    }


def test_an_embedding_needs_two_dimensions():
    with pytest.raises(InputError, match="dimension=1"):
        Embedding(MobileNetV1(alpha=0.25), dimension=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alpha", "size", "millions", "printed"),
    [
        (1.0, 160, 289.7, 286),  # 1.3% above what the paper prints
        (1.0, 128, 185.4, 185),
        (0.75, 160, 165.6, 166),  # the paper's first row of 0.75 MobileNet-128: at 160 in truth
        (0.75, 128, 106.0, 108),  # its second: 1.9% below
    ],
)
def test_the_papers_mult_adds_are_the_bodys(alpha, size, millions, printed):
    """Table 14. Its parameters (4.9M, 5.5M, 3.4M, 3.8M) hold a head that is not disclosed: they
    differ between two sizes of one network, which no head on pooled features does."""
    trunk = MobileNetV1(alpha=alpha)
    image = torch.zeros(1, 3, size, size)
    body = cost(trunk, image)
    assert round(body.mult_adds / 1e6, 1) == millions
    assert millions == pytest.approx(printed, rel=0.02)
    whole = cost(Embedding(trunk), image)
    channels = int(1024 * alpha)
    assert whole.mult_adds - body.mult_adds == 128 * channels
    assert whole.parameters - body.parameters == 128 * (channels + 1)
    assert whole.parameters < 3.4e6, "fewer than any of the paper's rows"
