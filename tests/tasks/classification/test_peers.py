import json

import pytest
import torch
from torch import nn
from torchvision import models

from backbone.cost import Cost, cost
from tasks.classification import peers
from tasks.classification.peers import PEERS, count

COUNTED = {
    "VGG16": Cost(15_470_264_320, 138_357_544),
    "GoogLeNet": Cost(1_498_376_192, 6_624_904),
    "AlexNet": Cost(714_188_480, 61_100_840),
    "SqueezeNet 1.0": Cost(818_924_576, 1_248_424),
    "SqueezeNet 1.1": Cost(349_151_936, 1_235_496),
    "Inception V3, 1000 classes": Cost(5_713_216_096, 23_834_568),
    "Inception V3, 120 classes": Cost(5_711_413_856, 22_031_448),
}


@pytest.mark.parametrize("name", PEERS)
def test_counts(name):
    assert count(PEERS[name]) == COUNTED[name]


def test_figures_are_the_papers(shared):
    tables = json.loads((shared.parent / "design/paper_tables.json").read_text())["tables"]
    for peer in PEERS.values():
        (row,) = (r for r in tables[str(peer.table)]["rows"] if r[0] == peer.row)
        assert row[2:] == [f"{peer.mult_adds:g}M", f"{peer.parameters:g}M"]


def meta(module, size=224):
    with torch.device("meta"):
        return cost(module, torch.empty(1, 3, size, size))


def test_what_the_paper_leaves_out_of_vgg():
    with torch.device("meta"):
        convolutions = models.vgg16(init_weights=False).features
    assert round(meta(convolutions).mult_adds / 1e6) == 15347
    assert "15347 M" in PEERS["VGG16"].difference


def test_googlenet_with_its_own_kernels():
    with torch.device("meta"):
        network = PEERS["GoogLeNet"].build()
        for branch in (m.branch3 for m in network.modules() if hasattr(m, "branch3")):
            conv = branch[1].conv
            assert conv.kernel_size == (3, 3)
            branch[1].conv = nn.Conv2d(
                conv.in_channels, conv.out_channels, 5, padding=2, bias=False
            )
    counted = meta(network)
    assert (round(counted.mult_adds / 1e6), round(counted.parameters / 1e6, 1)) == (1583, 7.0)
    assert "1583 M and 7.0 M" in PEERS["GoogLeNet"].difference
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
    assert "724 M and 61.0 M" in PEERS["AlexNet"].difference


def test_squeezenets_authors_count_twice():
    for name, gflops in (("SqueezeNet 1.0", 1.72), ("SqueezeNet 1.1", 0.72)):
        assert gflops == pytest.approx(2 * count(PEERS[name]).mult_adds / 1e9, rel=0.06)
        assert f"{gflops} GFLOPs" in PEERS[name].difference


def test_the_command_prints_every_row(capsys):
    peers.main()
    out = capsys.readouterr().out
    assert all(f"{name:<28}" in out and peer.difference in out for name, peer in PEERS.items())
    assert "15470 M    138.36 M   Table 8, VGG 16: 15300 M, 138 M" in out
