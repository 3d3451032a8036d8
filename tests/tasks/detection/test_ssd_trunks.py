"""SSD on trunks other than MobileNetV1."""

import math

import pytest
import torch

from backbone.errors import InputError
from backbone.timm_trunk import TimmTrunk
from tasks.detection.ssd import SSD

# name -> cells along each side of the six maps at 300 pixels
MAPS = {
    "vgg16": (18, 9, 5, 3, 2, 1),
    "inception_v3": (17, 8, 4, 2, 1, 1),
    "inception_v4": (17, 8, 4, 2, 1, 1),
    "inception_resnet_v2": (17, 8, 4, 2, 1, 1),
    "legacy_xception": (19, 10, 5, 3, 2, 1),
    "resnet50": (19, 10, 5, 3, 2, 1),
}


def objects(ssd: SSD, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """One box of each map, that map's first anchor; their labels; and that all are real."""
    with torch.no_grad():
        shapes = [m.shape[2:] for m in ssd.eval().maps(images)]
    ssd.train()
    counts = [math.prod(shape) * (6 if n else 3) for n, shape in enumerate(shapes)]
    boxes = ssd.anchors[[sum(counts[:n]) for n in range(len(counts))]]
    labels = torch.tensor([1, 3, 17, 44, 62, 90])
    valid = torch.ones(len(images), 6, dtype=torch.bool)
    return boxes.expand(len(images), 6, 4), labels.expand(len(images), 6), valid


@pytest.mark.slow
@pytest.mark.parametrize("name", MAPS)
def test_every_parameter_takes_part_at_300(name):
    """On the meta device: all is done but the arithmetic."""
    with torch.device("meta"):
        ssd = SSD(TimmTrunk(name), 91, 300)
        images = torch.empty(2, 3, 300, 300)
        sum(ssd.loss(ssd(images), *objects(ssd, images)).values()).backward()
        maps = ssd.maps(images)
    assert tuple(m.shape[2] for m in maps) == tuple(m.shape[3] for m in maps) == MAPS[name]
    cells = [side**2 for side in MAPS[name]]
    assert len(ssd.anchors) == 3 * cells[0] + 6 * sum(cells[1:])
    assert not [n for n, p in ssd.named_parameters() if p.grad is None]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["inception_v3", "resnet50"])
def test_a_step_and_an_answer(name):
    torch.manual_seed(0)
    ssd = SSD(TimmTrunk(name), 91, 96)
    for module in ssd.modules():  # timm's residual branches start at zero and learn a step later
        if isinstance(module, torch.nn.BatchNorm2d) and not module.weight.any():
            torch.nn.init.ones_(module.weight)
    images = torch.randn(2, 3, 96, 96)
    given = objects(ssd, images)
    terms = ssd.loss(ssd(images), *given)
    sum(terms.values()).backward()
    assert all(term.isfinite() for term in terms.values())
    assert not [n for n, p in ssd.named_parameters() if not p.grad.abs().sum() > 0]
    with torch.no_grad():
        found = ssd.eval().detect(ssd(images))
    assert found["boxes"].min() >= 0
    assert found["boxes"].max() <= 96


@pytest.mark.slow
def test_anchors_cover_a_frame_that_the_maps_do_not_divide():
    """Inception V3's maps of 97 x 163 pixels have odd sides, and fewer cells than pixels / 16."""
    ssd = SSD(TimmTrunk("inception_v3"), 91, (97, 163))
    with torch.no_grad():
        height, width = ssd.eval().maps(torch.zeros(1, 3, 97, 163))[0].shape[2:]
    centres = (ssd.anchors[:, :2] + ssd.anchors[:, 2:]) / 2
    first = centres[: height * width * 3].reshape(height, width, 3, 2)
    torch.testing.assert_close(first[0, 0, 0], torch.tensor([163 / width, 97 / height]) / 2)
    torch.testing.assert_close(first[-1, -1, 0] + first[0, 0, 0], torch.tensor([163.0, 97.0]))


def test_a_trunk_without_the_strides_names_those_it_has():
    with torch.device("meta"):
        trunk = TimmTrunk("vit_tiny_patch16_224")
        with pytest.raises(InputError, match="no feature map of stride 32; its strides are 16"):
            SSD(trunk, 91, 224)


def test_a_map_that_the_trunk_lacks_is_refused_with_those_it_has():
    with (
        torch.device("meta"),
        pytest.raises(InputError, match="no map 'conv11'; it has act1, layer1"),
    ):
        SSD(TimmTrunk("resnet18"), 91, 300, taps=["conv11", "conv13"])


def test_a_map_that_is_named_twice_is_refused():
    with torch.device("meta"), pytest.raises(InputError, match="act1 is named twice"):
        SSD(TimmTrunk("resnet18"), 91, 300, taps=["act1", "act1"])


def test_the_command_trains_on_a_timm_trunk(run, tiny, tmp_path):
    given = [option for option in tiny if not option.startswith("backbone.alpha")]
    trunk = ["backbone=timm", "backbone.name=mobilenetv3_small_050"]
    run(*given, *trunk, "trainer.max_epochs=1")
    (path,) = (tmp_path / "runs" / "ssd_coco").iterdir()
    assert (path / "result.json").is_file()
