import json

import pytest
import torch
from torchvision.models.detection import ssd300_vgg16

from backbone.cost import Cost, cost
from backbone.mobilenet_v1 import MobileNetV1
from backbone.timm_trunk import TimmTrunk
from tasks.detection import peers
from tasks.detection.faster_rcnn import FasterRCNN
from tasks.detection.peers import PEERS, both_stages, count

COUNTED = {
    ("SSD 300", "deeplab-VGG"): Cost(27_238_443_776, 17_904_639),
    ("SSD 300", "Inception V2"): Cost(5_909_780_576, 26_317_215),
    ("Faster-RCNN 300", "VGG"): Cost(27_957_875_712, 17_342_795),
    ("Faster-RCNN 300", "Inception V2"): Cost(183_232_352_864, 26_286_059),
    ("Faster-RCNN 600", "VGG"): Cost(113_194_125_312, 17_342_795),
    ("Faster-RCNN 600", "Inception V2"): Cost(201_715_490_912, 26_286_059),
}


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: " / ".join(peer.row))
def test_counts(peer):
    assert count(peer) == COUNTED[peer.row]


def test_figures_are_the_papers(shared):
    tables = json.loads((shared.parent / "design/paper_tables.json").read_text())["tables"]
    rows = {(r[0], r[1]): r[3:] for r in tables["13"]["rows"] if r[1] != "MobileNet"}
    assert rows == {p.row: [f"{p.mult_adds}B", f"{p.parameters}M"] for p in PEERS}


def test_counting_without_values_is_what_detect_computes():
    torch.manual_seed(0)
    head = FasterRCNN(MobileNetV1(0.25), 91, 96, proposals=20)
    images = torch.randn(1, 3, 96, 96)
    detected = cost(head, images, method=lambda x: head.detect(head(x)))
    assert cost(head, images, method=lambda x: both_stages(head, x)) == detected


@pytest.mark.parametrize(("outputs", "parameters"), [(91, 35.6), (81, 34.3)])
def test_deeplab_vgg_is_torchvisions(outputs, parameters):
    with torch.device("meta"):
        ssd = ssd300_vgg16(weights=None, weights_backbone=None, num_classes=outputs)
        images = torch.empty(1, 3, 300, 300)
        counted = cost(ssd, images, method=lambda x: ssd.head([*ssd.backbone(x).values()]))
    assert round(counted.parameters / 1e6, 1) == parameters
    if outputs == 91:
        assert round(counted.mult_adds / 1e9, 1) == 34.9
    (said,) = (p.difference for p in PEERS if p.row == ("SSD 300", "deeplab-VGG"))
    assert f"{parameters} M with {outputs}" in said


def by_size(model: str) -> dict:
    return {p.size: p for p in PEERS if p.row == (f"Faster-RCNN {p.size}", model)}


def test_vgg_with_its_linear_layers():
    region = 7 * 7 * 512 * 4096 + 4096 * 4096
    outputs = 91 + 90 * 4
    total = {}
    for size, peer in by_size("VGG").items():
        assert f"{region / 1e6:.0f} M mult-adds each" in peer.difference
        ours = COUNTED[peer.row]
        mult_adds = ours.mult_adds + 300 * (region + (4096 - 512) * outputs)
        total[size] = f"{mult_adds / 1e9:.1f}"
        parameters = ours.parameters + region + 2 * 4096 + (4096 - 512) * outputs
        assert f"{parameters / 1e6:.1f}" == "138.5"
    assert total == {300: "64.3", 600: "149.5"}
    assert all(f"{figure} G at {size}" in peer.difference for size, figure in total.items())


def test_what_a_region_costs_on_inception():
    pair = by_size("Inception V2")
    with torch.device("meta"):
        head = FasterRCNN(TimmTrunk("inception_v3"), 91, 300)
        first = cost(head, torch.empty(1, 3, 300, 300)).mult_adds
    ours = (COUNTED[pair[300].row].mult_adds - first) / 300 / 1e6
    # the first stage at 600 costs four times that at 300, the regions the same
    paper = (pair[300].mult_adds - (pair[600].mult_adds - pair[300].mult_adds) / 3) / 300 * 1e3
    assert f"{ours:.0f} M mult-adds a region" in pair[300].difference
    assert pair[300].difference.endswith(f"imply {paper:.0f} M")


def test_the_command_prints_every_row(capsys, monkeypatch):
    monkeypatch.setattr(peers, "count", lambda peer: COUNTED[peer.row])
    peers.main()
    out = capsys.readouterr().out
    assert all(f"{p.row[0]:<17}{p.trunk}" in out and p.difference in out for p in PEERS)
    assert "27.2 G       17.9 M   deeplab-VGG: 34.9 G, 33.1 M" in out
