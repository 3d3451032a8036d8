import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses import FakeTensorMode

from backbone.cost import Cost, cost
from backbone.mobilenet_v1 import MobileNetV1


class Network(nn.Module):
    """A MobileNet with the paper's classifier of 1000 classes."""

    def __init__(self, **options):
        super().__init__()
        self.trunk = MobileNetV1(**options)
        self.fc = nn.Linear(self.trunk.feature_info["conv13"].channels, 1000)

    def forward(self, x):
        return self.fc(self.trunk(x).mean((2, 3)))


# options, resolution, mult-adds, parameters, and the paper's print of them (tables 4 to 7)
PAPER = [
    ({}, 224, 568_740_352, 4_231_976, "569 / 4.2"),
    ({"alpha": 0.75}, 224, 325_400_448, 2_585_560, "325 / 2.6"),
    ({"alpha": 0.5}, 224, 149_497_088, 1_331_592, "149 / 1.3"),
    ({"alpha": 0.25}, 224, 41_030_272, 470_072, "41 / 0.5"),
    ({"convolution": "full"}, 224, 4_867_293_184, 29_294_088, "4866 / 29.3"),
    ({"body": "shallow"}, 224, 307_323_392, 2_887_976, "307 / 2.9"),
    ({}, 192, 418_121_728, 4_231_976, "418 / 4.2"),
    ({}, 160, 290_675_200, 4_231_976, "290 / 4.2"),
    ({}, 128, 186_400_768, 4_231_976, "186 / 4.2"),
]


@pytest.mark.parametrize(("options", "size", "mult_adds", "parameters", "printed"), PAPER)
def test_the_papers_networks(options, size, mult_adds, parameters, printed):
    counted = cost(Network(**options), torch.zeros(1, 3, size, size))
    assert counted == Cost(mult_adds, parameters)
    paper_mult_adds, paper_parameters = map(float, printed.split(" / "))
    # the paper rounds some figures and truncates others; its 4866 M lacks one more
    assert abs(mult_adds / 1e6 - paper_mult_adds) < 1.3
    assert abs(parameters / 1e6 - paper_parameters) <= 0.051


def test_a_large_network_can_be_counted_without_running_it():
    with FakeTensorMode():
        assert cost(Network(), torch.empty(1, 3, 224, 224)) == Cost(568_740_352, 4_231_976)
    with torch.device("meta"):
        full = cost(Network(convolution="full"), torch.empty(1, 3, 224, 224))
    assert full == Cost(4_867_293_184, 29_294_088)


def test_by_hand():
    layer = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2)
    # 5x5 outputs of 6 channels, each of 3 * 3 * (4 / 2) products; the bias is free but a parameter
    assert cost(layer, torch.zeros(1, 4, 10, 9)) == Cost(5 * 5 * 6 * 18, 6 * 18 + 6)
    assert cost(nn.Linear(7, 5), torch.zeros(1, 7)) == Cost(35, 40)
    rest = nn.Sequential(
        nn.BatchNorm2d(4), nn.ReLU6(), nn.AvgPool2d(2), nn.Upsample(scale_factor=2)
    )
    assert cost(rest, torch.zeros(1, 4, 8, 8)) == Cost(0, 8)


def test_the_batch_counts():
    head = nn.Conv2d(2, 3, 1)
    one, regions = (cost(head, torch.zeros(n, 2, 7, 7)) for n in (1, 300))
    assert regions.mult_adds == 300 * one.mult_adds == 300 * 2 * 3 * 49
    assert regions.parameters == one.parameters


def test_layers_called_twice_and_functional_ones_count():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            return F.linear(self.layer(self.layer(x)), self.layer.weight)

    assert cost(Twice(), torch.zeros(1, 4)) == Cost(3 * 16, 20)


def test_another_entry_point():
    trunk = MobileNetV1(alpha=0.25)
    x = torch.zeros(1, 3, 64, 64)
    assert cost(trunk, x, method="features") == cost(trunk, x)
    front, back = trunk.split("conv5")
    only_front = cost(trunk, x, method=lambda x: trunk.features(x, ["conv5"]))
    assert only_front.mult_adds == cost(front, x).mult_adds
    rest = cost(back, torch.zeros(1, 64, 8, 8)).mult_adds
    assert only_front.mult_adds + rest == cost(trunk, x).mult_adds


def test_frozen_parameters_are_parameters_still():
    trunk = MobileNetV1(alpha=0.25)
    before = cost(trunk, torch.zeros(1, 3, 32, 32))
    assert cost(trunk.requires_grad_(False), torch.zeros(1, 3, 32, 32)) == before


def test_counting_leaves_the_network_as_it_was():
    network = Network(alpha=0.25).train()
    network.trunk.conv0.bn.eval()  # one frozen layer in a training network
    modes = [m.training for m in network.modules()]
    state = {k: v.clone() for k, v in network.state_dict().items()}
    cost(network, torch.randn(1, 3, 64, 64))
    with pytest.raises(RuntimeError):
        cost(network, torch.zeros(1, 5, 64, 64))
    assert [m.training for m in network.modules()] == modes
    for key, value in network.state_dict().items():
        assert torch.equal(value, state[key]), key


def test_prints_as_the_field_writes_it():
    assert str(Cost(1_236_600_000, 6_820_000)) == "1.237 G mult-adds, 6.82 M parameters"
    assert str(Cost(568_740_352, 4_231_976)) == "568.7 M mult-adds, 4.23 M parameters"
