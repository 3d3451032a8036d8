"""Our counts against the paper's prints; where they differ, what the print is the count of."""

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models.detection import ssd300_vgg16

from backbone.classifier import Classifier
from backbone.cost import Cost, cost
from backbone.mobilenet_v1 import MobileNetV1
from backbone.timm_trunk import TimmTrunk
from tasks.detection.faster_rcnn import FasterRCNN
from tasks.tables.counting import build_row, compose_row, count_row, network_of
from tasks.tables.reading import Row, Table, read_tables

pytestmark = pytest.mark.slow  # composes and counts dozens of networks

TABLES = {table.number: table for table in read_tables([])}
UNITS = {"M": 10**6, "G": 10**9, "B": 10**9}
# Cells of a MobileNet that are not the whole network's at the printed precision.
MULT_ADDS_OF_THE_BODY = {
    (4, "Conv MobileNet"),
    (7, "1.0 MobileNet-160"),
    (9, "0.50 MobileNet-160"),
}
MULT_ADDS_OF_1000_CLASSES = {(10, "1.0 MobileNet-224"), (10, "1.0 MobileNet-192")}
PARAMETERS_WITHOUT_BATCH_NORM = {(9, "0.50 MobileNet-160")}
CUT_NOT_ROUNDED = {(12, "0.25 MobileNet-224"), (12, "0.5 MobileNet-128")}
NOT_REPRODUCED = {(14, "1.0 MobileNet-160"), (14, "0.75 MobileNet-128 (second)")}

MOBILENETS = [
    pytest.param(table, row, id=f"{table.number} {row.name}")
    for table in TABLES.values()
    for row in table.rows
    if not row.peer
]


def is_printed(counted: int, printed: str) -> bool:
    """Whether a count is a print such as `0.5M`, rounded to its digits; a half either way."""
    number, unit = printed[:-1], UNITS[printed[-1]]
    digit = unit // 10 ** len(number.partition(".")[2])
    return abs(counted - round(float(number) * unit)) * 2 <= digit


def named(number: int, name: str) -> tuple[Row, Table]:
    (row,) = (row for row in TABLES[number].rows if row.name == name)
    return row, TABLES[number]


def on_meta(row: Row, outputs: int | None) -> nn.Module:
    with torch.device("meta"):
        return build_row(network_of(compose_row(*row.overrides)), outputs)


def mult_adds(row: Row, outputs: int | None) -> int:
    size = compose_row(*row.overrides).size
    module = on_meta(row, outputs)
    return cost(module, torch.empty(1, 3, size, size, device="meta")).mult_adds


def test_a_print_is_what_rounds_to_it():
    assert is_printed(469_999, "0.5M")
    assert is_printed(568_740_352, "569M")
    assert is_printed(568_740_352, "568.7M")
    assert not is_printed(567_839_232, "569M")
    assert not is_printed(4_231_976, "4.3M")
    assert is_printed(1_237_000_000, "1.2B")


@pytest.mark.parametrize(("table", "row"), MOBILENETS)
def test_mult_adds_are_the_papers(table, row):
    key, printed, ours = (
        (table.number, row.name),
        row.paper.mult_adds,
        count_row(row, table).mult_adds,
    )
    exceptions = (
        MULT_ADDS_OF_THE_BODY | MULT_ADDS_OF_1000_CLASSES | CUT_NOT_ROUNDED | NOT_REPRODUCED
    )
    assert is_printed(ours, printed) == (key not in exceptions)
    if key in MULT_ADDS_OF_THE_BODY:
        assert is_printed(mult_adds(row, None), printed)
    if key in MULT_ADDS_OF_1000_CLASSES:
        assert is_printed(mult_adds(row, 1000), printed)
    if key in CUT_NOT_ROUNDED:
        assert ours // 10**6 == int(printed[:-1])
    if key in NOT_REPRODUCED:
        assert ours == pytest.approx(int(printed[:-1]) * 1e6, rel=0.02)
    assert key not in exceptions or row.note


@pytest.mark.parametrize(("table", "row"), MOBILENETS)
def test_parameters_are_the_papers(table, row):
    key, printed, ours = (table.number, row.name), row.paper.parameters, count_row(row, table)
    if table.number == 14:  # the head is not disclosed
        assert ours.parameters < float(printed[:-1]) * 1e6
        assert "not disclosed" in table.note
        return
    assert is_printed(ours.parameters, printed) == (key not in PARAMETERS_WITHOUT_BATCH_NORM)
    if key in PARAMETERS_WITHOUT_BATCH_NORM:
        norms = [m for m in on_meta(row, 1000).modules() if isinstance(m, nn.BatchNorm2d)]
        scales = sum(parameter.numel() for norm in norms for parameter in norm.parameters())
        assert is_printed(ours.parameters - scales, printed)


@pytest.mark.parametrize(
    ("number", "name", "figures"),
    [
        (4, "Conv MobileNet", {"4866.3 M": None, "4867.3 M": 1000}),
        (7, "1.0 MobileNet-160", {"289.7 M": None, "290.7 M": 1000}),
        (9, "0.50 MobileNet-160", {"76.0 M": None, "76.5 M": 1000}),
        (12, "0.5 MobileNet-128", {"48.6 M": None}),
        (14, "1.0 MobileNet-160", {"289.7 M": None}),
        (14, "0.75 MobileNet-128 (first)", {"165.6 M": None}),
        (14, "0.75 MobileNet-128 (second)", {"106.0 M": None}),
    ],
)
def test_figures_in_footnotes(number, name, figures):
    row, _ = named(number, name)
    for figure, outputs in figures.items():
        assert f"{mult_adds(row, outputs) / 1e6:.1f} M" == figure
        assert figure in row.note


def test_a_least_width_is_what_table_12_has():
    row, table = named(12, "0.25 MobileNet-224")
    small, _ = named(12, "0.25 MobileNet-128")
    assert "46.0 M at 224 and 15.0 M at 128" in row.note
    assert [f"{count_row(r, table).mult_adds / 1e6:.1f}" for r in (row, small)] == ["46.0", "15.0"]
    with torch.device("meta"):
        plain = [cost(MobileNetV1(0.25), torch.empty(1, 3, s, s)).mult_adds for s in (224, 128)]
    assert [f"{n / 1e6:.1f}" for n in plain] == ["40.8", "13.3"]
    assert "40.8 M and 13.3 M" in row.note


def test_planet_has_so_many_cells():
    row, table = named(11, "Country (750 km) / PlaNet MobileNet")
    assert count_row(row, table).parameters == 9800 * 1025 + 3_206_976
    assert "9,800 give its 13 M" in table.note


# The networks that the paper compares with.

COUNTED = {
    (8, "GoogleNet"): Cost(1_498_376_192, 6_624_904),
    (8, "VGG 16"): Cost(15_470_264_320, 138_357_544),
    (9, "Squeezenet"): Cost(818_924_576, 1_248_424),
    (9, "AlexNet"): Cost(714_188_480, 61_100_840),
    (10, "Inception V3"): Cost(5_711_413_856, 22_031_448),
    (13, "SSD 300 / deeplab-VGG"): Cost(27_238_443_776, 17_904_639),
    (13, "SSD 300 / Inception V2"): Cost(5_909_780_576, 26_317_215),
    (13, "Faster-RCNN 300 / VGG"): Cost(27_957_875_712, 17_342_795),
    (13, "Faster-RCNN 300 / Inception V2"): Cost(183_232_352_864, 26_286_059),
    (13, "Faster-RCNN 600 / VGG"): Cost(113_194_125_312, 17_342_795),
    (13, "Faster-RCNN 600 / Inception V2"): Cost(201_715_490_912, 26_286_059),
}
NOT_PUBLIC = {"Baseline", "FaceNet"}


def test_peers_are_counted_or_not_public():
    for table in TABLES.values():
        for row in table.rows:
            if row.peer:
                assert count_row(row, table) == COUNTED.get((table.number, row.name))
                known = (table.number, row.name) in COUNTED
                assert known or row.name in NOT_PUBLIC or table.number == 11


def meta(module: nn.Module, size: int = 224) -> Cost:
    return cost(module, torch.empty(1, 3, size, size, device="meta"))


def test_counting_without_values_is_what_detect_computes():
    torch.manual_seed(0)
    head = FasterRCNN(MobileNetV1(0.25), 91, 96, proposals=20)
    images = torch.randn(1, 3, 96, 96)
    detected = cost(head, images, method=lambda x: head.detect(head(x)))
    assert cost(head, images, method="network") == detected


def test_what_the_paper_leaves_out_of_vgg():
    with torch.device("meta"):
        convolutions = meta(models.vgg16(init_weights=False).features).mult_adds
    linear = COUNTED[8, "VGG 16"].mult_adds - convolutions
    assert (round(convolutions / 1e6), round(linear / 1e6)) == (15347, 124)
    assert "15347 M; linear layers add 124 M" in named(8, "VGG 16")[0].note


def test_googlenet_with_its_own_kernels():
    row, _ = named(8, "GoogleNet")
    with torch.device("meta"):
        network = build_row({"network": row.network}, None)
        for branch in (m.branch3 for m in network.modules() if hasattr(m, "branch3")):
            conv = branch[1].conv
            assert conv.kernel_size == (3, 3)
            branch[1].conv = nn.Conv2d(
                conv.in_channels, conv.out_channels, 5, padding=2, bias=False
            )
    counted = meta(network)
    assert (round(counted.mult_adds / 1e6), round(counted.parameters / 1e6, 1)) == (1583, 7.0)
    assert "1583 M and 7.0 M" in row.note
    # Szegedy et al. 2014, Table 1: the columns of parameters (thousands) and operations (millions)
    assert 6795 < sum([2.7, 112, 159, 380, 364, 437, 463, 580, 840, 1072, 1388, 1000]) < 6805
    assert sum([34, 360, 128, 304, 73, 88, 100, 119, 170, 54, 71, 1]) == 1502


def test_alexnet_of_two_towers():
    with torch.device("meta"):
        network = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(96, 256, 5, padding=2, groups=2),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.Conv2d(384, 384, 3, padding=1, groups=2),
            nn.Conv2d(384, 256, 3, padding=1, groups=2),
            nn.MaxPool2d(3, 2),
            nn.Flatten(),
            nn.Linear(256 * 6 * 6, 4096),
            nn.Linear(4096, 4096),
            nn.Linear(4096, 1000),
        )
    counted = meta(network, 227)
    assert (round(counted.mult_adds / 1e6), round(counted.parameters / 1e6, 1)) == (724, 61.0)
    assert "724 M and 61.0 M" in named(9, "AlexNet")[0].note


def test_squeezenets_authors_count_twice():
    assert 2 * COUNTED[9, "Squeezenet"].mult_adds / 1e9 == pytest.approx(1.72, rel=0.06)
    assert "1.72 GFLOPs" in named(9, "Squeezenet")[0].note


def test_inception_fits_neither_number_of_classes():
    row, table = named(10, "Inception V3")
    with torch.device("meta"):
        whole = sum(p.numel() for p in Classifier(TimmTrunk("inception_v3"), 1000).parameters())
    assert [f"{n / 1e6:.1f} M" for n in (count_row(row, table).parameters, whole)] == [
        "22.0 M",
        "23.8 M",
    ]
    assert "22.0 M of 120 classes and the 23.8 M of ImageNet's 1000" in row.note


@pytest.mark.parametrize(("outputs", "parameters"), [(91, 35.6), (81, 34.3)])
def test_deeplab_vgg_is_torchvisions(outputs, parameters):
    with torch.device("meta"):
        ssd = ssd300_vgg16(weights=None, weights_backbone=None, num_classes=outputs)
        images = torch.empty(1, 3, 300, 300)
        counted = cost(ssd, images, method=lambda x: ssd.head([*ssd.backbone(x).values()]))
    assert round(counted.parameters / 1e6, 1) == parameters
    if outputs == 91:
        assert round(counted.mult_adds / 1e9, 1) == 34.9
    assert f"{parameters} M with {outputs}" in named(13, "SSD 300 / deeplab-VGG")[0].note


def test_vgg_with_its_linear_layers():
    region = 7 * 7 * 512 * 4096 + 4096 * 4096
    outputs = 91 + 90 * 4
    total = {}
    for size in (300, 600):
        row, table = named(13, f"Faster-RCNN {size} / VGG")
        assert f"{region / 1e6:.0f} M mult-adds each" in row.note
        ours = count_row(row, table)
        whole = ours.mult_adds + 300 * (region + (4096 - 512) * outputs)
        total[size] = f"{whole / 1e9:.1f}"
        parameters = ours.parameters + region + 2 * 4096 + (4096 - 512) * outputs
        assert f"{parameters / 1e6:.1f}" == "138.5"
        assert f"{total[size]} G at {size}" in row.note
    assert total == {300: "64.3", 600: "149.5"}


def test_what_a_region_costs_on_inception():
    small, large = (named(13, f"Faster-RCNN {size} / Inception V2")[0] for size in (300, 600))
    with torch.device("meta"):
        head = FasterRCNN(TimmTrunk("inception_v3"), 91, 300)
        first = cost(head, torch.empty(1, 3, 300, 300)).mult_adds
    ours = (count_row(small, TABLES[13]).mult_adds - first) / 300 / 1e6
    # the first stage at 600 costs four times that at 300, the regions the same
    paper = [float(row.paper.mult_adds[:-1]) for row in (small, large)]
    implied = (paper[0] - (paper[1] - paper[0]) / 3) / 300 * 1e3
    assert f"{ours:.0f} M mult-adds a region" in small.note
    assert small.note.endswith(f"imply {implied:.0f} M.")
