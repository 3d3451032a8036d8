import json
import math
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses import FakeTensorMode

from backbone.cost import Cost, cost
from backbone.mobilenet_v1 import MobileNetV1


class Network(nn.Module):
    """A MobileNet with the paper's classifier."""

    def __init__(self, classes=1000, **options):
        super().__init__()
        self.trunk = MobileNetV1(**options)
        self.fc = nn.Linear(self.trunk.feature_info["conv13"].channels, classes)

    def forward(self, x):
        return self.fc(self.trunk(x).mean((2, 3)))


class Row(NamedTuple):
    """A MobileNet of the paper's tables: what it costs, and what is printed there."""

    tables: str  # their numbers, one digit for each; X is 10, Stanford Dogs
    name: str
    options: dict
    size: int
    cost: Cost
    mult_adds: str
    parameters: str
    classes: int = 1000


FULL, SHALLOW = {"convolution": "full"}, {"body": "shallow"}
A75, A50, A25 = {"alpha": 0.75}, {"alpha": 0.5}, {"alpha": 0.25}
ROWS = [
    Row("4", "Conv MobileNet", FULL, 224, Cost(4_867_293_184, 29_294_088), "4866M", "29.3M"),
    Row("4", "MobileNet", {}, 224, Cost(568_740_352, 4_231_976), "569M", "4.2M"),
    Row("5", "0.75 MobileNet", A75, 224, Cost(325_400_448, 2_585_560), "325M", "2.6M"),
    Row("5", "Shallow MobileNet", SHALLOW, 224, Cost(307_323_392, 2_887_976), "307M", "2.9M"),
    Row("678", "1.0 MobileNet-224", {}, 224, Cost(568_740_352, 4_231_976), "569M", "4.2M"),
    Row("6", "0.75 MobileNet-224", A75, 224, Cost(325_400_448, 2_585_560), "325M", "2.6M"),
    Row("6", "0.5 MobileNet-224", A50, 224, Cost(149_497_088, 1_331_592), "149M", "1.3M"),
    Row("6", "0.25 MobileNet-224", A25, 224, Cost(41_030_272, 470_072), "41M", "0.5M"),
    Row("7", "1.0 MobileNet-192", {}, 192, Cost(418_121_728, 4_231_976), "418M", "4.2M"),
    Row("7", "1.0 MobileNet-160", {}, 160, Cost(290_675_200, 4_231_976), "290M", "4.2M"),
    Row("7", "1.0 MobileNet-128", {}, 128, Cost(186_400_768, 4_231_976), "186M", "4.2M"),
    Row("9", "0.50 MobileNet-160", A50, 160, Cost(76_524_800, 1_331_592), "76M", "1.32M"),
    Row("X", "1.0 MobileNet-224", {}, 224, Cost(567_839_232, 3_329_976), "569M", "3.3M", 120),
    Row("X", "0.75 MobileNet-224", A75, 224, Cost(324_724_608, 1_908_840), "325M", "1.9M", 120),
    Row("X", "1.0 MobileNet-192", {}, 192, Cost(417_220_608, 3_329_976), "418M", "3.3M", 120),
    Row("X", "0.75 MobileNet-192", A75, 192, Cost(238_597_632, 1_908_840), "239M", "1.9M", 120),
]


def prints_as(value, printed):
    """Whether a count, rounded or cut off, is the printed figure in millions, such as `4.2M`."""
    digits = 10 ** len(printed.rstrip("M").partition(".")[2])
    figure = round(float(printed.rstrip("M")) * digits)
    return figure in (round(value / 1e6 * digits), math.floor(value / 1e6 * digits))


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.tables}-{row.name}")
def test_the_papers_networks_to_the_printed_digit(row):
    with torch.device("meta"):
        network = Network(row.classes, **row.options)
        counted = cost(network, torch.empty(1, 3, row.size, row.size))
    assert counted == row.cost
    mult_adds, parameters = counted.mult_adds, counted.parameters
    if row.name == "Conv MobileNet":  # the paper's 4866 M are without the classifier
        mult_adds -= network.fc.weight.numel()
    if row.name == "0.50 MobileNet-160":  # and its 1.32 M without batch norm
        norms = (m for m in network.modules() if isinstance(m, nn.BatchNorm2d))
        parameters -= sum(p.numel() for m in norms for p in m.parameters())
    if row.tables == "X":  # repeats the mult-adds of the ImageNet networks, of 1000 classes
        mult_adds += (1000 - row.classes) * network.fc.in_features
    assert prints_as(mult_adds, row.mult_adds)
    assert prints_as(parameters, row.parameters)


# Table 12 counts the body alone; its 0.25 rows fit a body of which no layer has under 16 channels
WIDE25 = {"alpha": 0.25, "min_width": 16}
BODIES = [
    ("1.0 MobileNet-224", {}, 224, Cost(567_716_352, 3_206_976), "568M", "3.2M"),
    ("0.5 MobileNet-224", A50, 224, Cost(148_985_088, 818_592), "149M", "0.8M"),
    ("0.25 MobileNet-224", WIDE25, 224, Cost(45_992_576, 213_520), "45M", "0.2M"),
    ("1.0 MobileNet-128", {}, 128, Cost(185_376_768, 3_206_976), "185M", "3.2M"),
    ("0.5 MobileNet-128", A50, 128, Cost(48_648_192, 818_592), "48M", "0.8M"),
    ("0.25 MobileNet-128", WIDE25, 128, Cost(15_017_984, 213_520), "15M", "0.2M"),
]


@pytest.mark.parametrize("row", BODIES, ids=lambda row: row[0])
def test_the_bodies_of_table_12_to_the_printed_digit(row):
    _, options, size, expected, mult_adds, parameters = row
    with torch.device("meta"):
        counted = cost(MobileNetV1(**options), torch.empty(1, 3, size, size))
    assert counted == expected
    assert prints_as(counted.mult_adds, mult_adds)
    assert prints_as(counted.parameters, parameters)


def test_no_mobilenet_of_table_12_is_missing(shared):
    tables = json.loads((shared.parent / "design/paper_tables.json").read_text())["tables"]
    rows = [row for row in tables["12"]["rows"] if "MobileNet" in row[0]]
    assert [(row[0], *row[2:]) for row in rows] == [(row[0], *row[4:]) for row in BODIES]


def test_no_mobilenet_of_tables_4_to_10_is_missing(shared):
    tables = json.loads((shared.parent / "design/paper_tables.json").read_text())["tables"]
    printed = {
        ("X" if table == 10 else str(table), name, mult_adds, parameters)
        for table in range(4, 11)
        for name, _, mult_adds, parameters in tables[str(table)]["rows"]
        if "MobileNet" in name
    }
    assert printed == {
        (table, row.name, row.mult_adds, row.parameters) for row in ROWS for table in row.tables
    }


@pytest.mark.slow
def test_a_large_network_can_be_counted_without_running_it():
    with FakeTensorMode():
        assert cost(Network(), torch.empty(1, 3, 224, 224)) == Cost(568_740_352, 4_231_976)
    with torch.device("meta"):
        full = cost(Network(convolution="full"), torch.empty(1, 3, 224, 224))
    assert full == Cost(4_867_293_184, 29_294_088)


def test_the_cost_of_single_layers_by_hand():
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
