"""SSDLite: the published network's cost, torchvision's layers, and that it learns."""

from functools import partial

import pytest
import torch
from torch import nn
from torchvision.models.detection.ssdlite import SSDLiteHead, _extra_block

from backbone.cost import Cost, cost
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from tasks.data.labels import Labels
from tasks.detection.coco.dataset import CocoDetection, collate_detection
from tasks.detection.ssd import SSD
from tasks.detection.ssd_layers import extra_map, prediction_layer
from tasks.detection.task import Detection
from tasks.tables.counting import build_row, compose_row, network_of
from tests.tasks.detection.coco.loading import load_split

LABELS = Labels(91, list(range(1, 91)), list(range(1, 91)), [str(i) for i in range(1, 91)])

V2 = Cost(804_397_504, 4_500_543)


def count(trunk: type, outputs: int, size: int) -> Cost:
    with torch.device("meta"):
        return cost(SSD(trunk(), outputs, size, separable=True), torch.empty(1, 3, size, size))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trunk", "outputs", "expected", "paper"),
    [
        (MobileNetV2, 91, V2, None),
        (MobileNetV1, 91, Cost(1_322_426_304, 5_246_911), None),
        # arXiv 1801.04381, Table 6: the parameters are those of 80 classes and the background
        (MobileNetV2, 81, Cost(788_830_144, 4_337_013), (0.8, 4.3)),
        (MobileNetV1, 81, Cost(1_309_162_944, 5_100_661), (1.3, 5.1)),
    ],
)
def test_costs_at_320_and_the_papers(trunk, outputs, expected, paper):
    counted = count(trunk, outputs, 320)
    assert counted == expected
    if paper:
        assert (round(counted.mult_adds / 1e9, 1), round(counted.parameters / 1e6, 1)) == paper


def test_parameters_are_those_of_the_released_network():
    """Intel's Open Model Zoo lists TensorFlow's ssdlite_mobilenet_v2_coco, its batch norm folded
    into the convolutions, with 4.475 million parameters.
    """
    with torch.device("meta"):
        ssd = SSD(MobileNetV2(), 91, 300, separable=True)
    convolutions = [m for m in ssd.modules() if isinstance(m, nn.Conv2d)]
    assert sum(m.weight.numel() + m.out_channels for m in convolutions) == 4_475_167
    assert ssd.anchors.shape == (1917, 4)


@pytest.mark.slow
def test_the_configuration_is_the_network_counted_here():
    network = network_of(compose_row("task=ssdlite_coco"))
    with torch.device("meta"):
        ssd = build_row(network, 91)
        counted = cost(ssd, torch.empty(1, 3, 320, 320))
    assert ssd.taps == ["block14_expand", "conv18"]
    assert len(ssd.anchors) == 2034
    assert counted == V2


def test_alpha_narrows_the_extra_maps():
    with torch.device("meta"):
        ssd = SSD(MobileNetV2(0.5), 91, 320, separable=True)
        maps = ssd.eval().maps(torch.empty(1, 3, 320, 320))
    # the expansion of bottleneck 14 is 6 x 48 wide, and the last convolution never below 1280
    assert [m.shape[1] for m in maps] == [288, 1280, 256, 128, 128, 64]


def filled(module: nn.Module) -> nn.Module:
    """No tensor at a value that hides it."""
    for value in module.state_dict().values():
        if value.is_floating_point():
            value.uniform_(0.1, 0.9).sub_(0.4 * (value.ndim > 1))
    return module.eval()


def copied(source: nn.Module, target: nn.Module) -> nn.Module:
    """Tensors of one into the other, in order: all shapes must agree."""
    pairs = zip(source.state_dict().values(), target.state_dict().keys(), strict=True)
    target.load_state_dict({key: value for value, key in pairs})
    return target.eval()


def test_predictors_are_torchvisions():
    torch.manual_seed(0)
    ssd = filled(SSD(MobileNetV1(0.25), 5, 128, separable=True))
    maps = ssd.maps(torch.randn(2, 3, 128, 128))
    norm = partial(nn.BatchNorm2d, eps=1e-3)
    theirs = SSDLiteHead([m.shape[1] for m in maps], [3, 6, 6, 6, 6, 6], 5, norm)
    copied(ssd.box_predictors, theirs.regression_head)
    copied(ssd.class_predictors, theirs.classification_head)
    images = torch.randn(2, 3, 128, 128)
    with torch.no_grad():
        code, logits = ssd(images)
        expected = theirs(ssd.maps(images))
    torch.testing.assert_close(code, expected["bbox_regression"])
    torch.testing.assert_close(logits, expected["cls_logits"])


def test_extra_maps_are_torchvisions():
    torch.manual_seed(0)
    ours = filled(extra_map(24, 64, separable=True, padding="symmetric", bn_eps=1e-3))
    theirs = copied(ours, _extra_block(24, 64, partial(nn.BatchNorm2d, eps=1e-3)))
    x = torch.randn(2, 24, 9, 12)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize(("kernel_size", "reach"), [(None, 3), (1, 1), (5, 5)])
def test_what_a_predictor_sees(kernel_size, reach):
    torch.manual_seed(0)
    predictor = prediction_layer(8, 12, kernel_size).eval()
    x = torch.full((1, 8, 9, 9), 0.1)
    changed = x.clone()
    changed[..., 4, 4] = 0.2
    with torch.no_grad():
        cells = (predictor(changed) - predictor(x)).abs().sum((0, 1)) > 0
    expected = torch.zeros(9, 9, dtype=torch.bool)
    margin = reach // 2
    expected[4 - margin : 5 + margin, 4 - margin : 5 + margin] = True
    assert torch.equal(cells, expected)


@pytest.mark.slow
def test_it_learns_drawn_pictures(sample, tmp_path):
    """From random weights, the loss to a third in twelve steps."""
    index, _ = load_split(sample, "train", cache_dir=tmp_path, year=2017, num_classes=91)
    pictures = CocoDetection(index, size=(96, 96))
    batch = collate_detection([pictures[i] for i in range(8)])
    torch.manual_seed(0)
    ssd = SSD(MobileNetV2(0.35, bn_momentum=0.1), 91, 96, separable=True)
    task = Detection(ssd, LABELS).train()
    optimizer = torch.optim.AdamW(task.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        loss = sum(task.loss(batch).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 3, losses


def test_the_command_trains_ssdlite(run, tiny, tmp_path):
    answer = run("task=ssdlite_coco", *tiny[1:], "trainer.max_epochs=1")
    (path,) = (tmp_path / "runs" / "ssdlite_coco").iterdir()
    assert path.name.startswith("mobilenetv2-0.25-96-smoke-")
    assert "MNet V2 + SSDLite" in answer.out
