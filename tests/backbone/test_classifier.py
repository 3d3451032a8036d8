import math

import pytest
import torch
from torch import nn

from backbone.classifier import Classifier
from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1


@pytest.mark.parametrize(
    ("options", "num_classes"), [({"alpha": 0.25}, 10), ({"alpha": 0.5, "body": "shallow"}, 3)]
)
def test_logits_are_the_linear_layer_on_the_mean_of_the_last_map(options, num_classes):
    model = Classifier(MobileNetV1(**options), num_classes).eval()
    x = torch.randn(2, 3, 97, 70)
    with torch.no_grad():
        pooled = model.trunk(x).flatten(2).mean(2)
        expected = pooled @ model.fc.weight.T + model.fc.bias
        torch.testing.assert_close(model(x), expected)
    assert expected.shape == (2, num_classes)


def test_dropout_works_in_training_only():
    model = Classifier(MobileNetV1(alpha=0.25), 10, dropout=0.9)
    nn.init.ones_(model.fc.weight)
    model.trunk.eval()
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert not torch.equal(model(x), model(x))
        model.eval()
        assert torch.equal(model(x), model(x))


def test_the_first_loss_is_that_of_a_guess():
    torch.manual_seed(0)
    model = Classifier(MobileNetV1(alpha=0.25), 10)
    loss = nn.functional.cross_entropy(model(torch.randn(8, 3, 64, 64)), torch.arange(8))
    assert loss.item() == pytest.approx(math.log(10), abs=0.2)


@pytest.mark.slow
def test_it_learns_four_images():
    torch.manual_seed(0)
    model = Classifier(MobileNetV1(alpha=0.25, bn_momentum=0.5), 4)
    x, y = torch.randn(4, 3, 32, 32), torch.arange(4)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert model(x).argmax(1).tolist() == y.tolist()


def test_no_classes_is_an_error():
    with pytest.raises(InputError, match="num_classes=0"):
        Classifier(MobileNetV1(alpha=0.25), 0)
