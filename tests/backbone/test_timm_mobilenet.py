"""MobileNetV3 and V4: published costs, timm's layers, and weights from a file of timm's."""

import pytest
import torch
from torch import nn

from backbone.classifier import Classifier
from backbone.cost import cost
from backbone.errors import InputError
from backbone.head import Head
from backbone.timm_mobilenet import MobileNetV3, MobileNetV4
from backbone.weight_files import read_file
from backbone.weights import load_weights, save_weights
from tests.backbone.timm_networks import complete

pytestmark = pytest.mark.slow

# (network, variant, alpha) -> side in pixels, mult-adds in millions, parameters in millions
PUBLISHED = {
    # github.com/d-li14/mobilenetv3.pytorch
    (MobileNetV3, "large", 1.0): (224, 216.60, 5.483),
    (MobileNetV3, "large", 0.75): (224, 154.57, 3.994),
    (MobileNetV3, "small", 1.0): (224, 56.52, 2.543),
    (MobileNetV3, "small", 0.75): (224, 43.40, 2.042),
    # github.com/d-li14/mobilenetv4.pytorch
    (MobileNetV4, "conv_medium", 1.0): (256, 1080, 9.72),
    (MobileNetV4, "conv_large", 1.0): (384, 6376, 32.59),
}


@pytest.mark.parametrize(("network", "variant", "alpha"), PUBLISHED)
def test_costs_are_the_published_ones(network, variant, alpha):
    size, mult_adds, parameters = PUBLISHED[network, variant, alpha]
    with torch.device("meta"):
        trunk = network(variant, alpha)
        counted = cost(Classifier(trunk, 1000), torch.empty(1, 3, size, size))
    assert trunk.input_size == (size, size)
    assert counted.mult_adds / 1e6 == pytest.approx(mult_adds, rel=5e-4)
    assert counted.parameters / 1e6 == pytest.approx(parameters, rel=5e-4)


def test_the_smallest_v4_has_the_papers_cost():
    """arXiv 2404.10518 gives 3.8 M parameters and 0.2 G mult-adds at 224."""
    with torch.device("meta"):
        counted = cost(Classifier(MobileNetV4("conv_small"), 1000), torch.empty(1, 3, 224, 224))
    assert str(counted) == "186.0 M mult-adds, 3.77 M parameters"


@pytest.mark.parametrize(
    ("network", "variant", "strides"),
    [
        (MobileNetV3, "large", {"blocks_2": 40, "blocks_4": 112, "blocks_6": 960}),
        (MobileNetV3, "small", {"blocks_1": 24, "blocks_3": 48, "blocks_5": 576}),
        (MobileNetV4, "conv_small", {"blocks_1": 64, "blocks_2": 96, "blocks_4": 960}),
        (MobileNetV4, "hybrid_medium", {"blocks_1": 80, "blocks_2": 160, "blocks_4": 960}),
    ],
)
def test_the_maps_of_stride_8_16_and_32(network, variant, strides):
    with torch.device("meta"):
        trunk = network(variant)
        maps = trunk.features(torch.empty(1, 3, 256, 256), list(strides))
    for (tap, width), stride in zip(strides.items(), (8, 16, 32), strict=True):
        assert trunk.feature_info[tap].stride == stride
        assert maps[tap].shape == (1, width, 256 // stride, 256 // stride)


@pytest.fixture(scope="module", params=["mobilenetv3_small_050", "mobilenetv4_conv_small_035"])
def network(request):
    return complete(request.param, num_classes=10)


def classifier(network: nn.Module, outputs: int = 10) -> Classifier:
    """Ours of the same network, with other random weights."""
    torch.manual_seed(1)
    if hasattr(network.norm_head, "weight"):
        return Classifier(MobileNetV4("conv_small", 0.35), outputs).eval()
    return Classifier(MobileNetV3("small", 0.5), outputs).eval()


def answers(head: Head, network: nn.Module) -> None:
    images = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        torch.testing.assert_close(head(images), network(images), rtol=1e-4, atol=1e-5)


def test_a_file_of_timms_fills_trunk_and_classifier(network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "timm.pth")
    head = classifier(network)
    report = load_weights(
        head.trunk, tmp_path / "timm.pth", head.fc, after_pooling=head.after_pooling
    )
    assert report.classifier_loaded
    assert not report.dropped
    answers(head, network)
    save_weights(head.trunk, tmp_path / "ours.safetensors", head.fc, head.after_pooling)
    again = classifier(network)
    load_weights(
        again.trunk, tmp_path / "ours.safetensors", again.fc, after_pooling=again.after_pooling
    )
    answers(again, network)


def test_a_file_of_timms_fills_the_whole_head(network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "timm.pth")
    head = classifier(network)
    released = head.released(read_file(tmp_path / "timm.pth"), "timm.pth")
    head.load_state_dict(released.state)
    answers(head, network)


def test_the_layers_after_pooling_do_not_depend_on_the_classes(network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "timm.pth")
    head = classifier(network, outputs=3)
    report = load_weights(
        head.trunk, tmp_path / "timm.pth", head.fc, after_pooling=head.after_pooling
    )
    assert not report.classifier_loaded
    assert "dropped classifier of 10 classes (3 here)" in str(report)
    assert set(report.dropped) == {"fc.weight", "fc.bias"}
    torch.testing.assert_close(head.after_pooling.conv_head.weight, network.conv_head.weight)


def test_a_detectors_trunk_leaves_them_out(network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "timm.pth")
    trunk = classifier(network).trunk
    report = load_weights(trunk, tmp_path / "timm.pth")
    assert "dropped classifier (not one linear layer on the mean of the last map)" in str(report)
    with torch.no_grad():
        images = torch.randn(1, 3, 64, 64)
        expected = network.forward_features(images)
        torch.testing.assert_close(trunk.eval()(images), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("network", "arguments", "said"),
    [
        (MobileNetV3, ("medium",), "no variant 'medium'; it has large, small"),
        (MobileNetV3, ("large", 0.5), "MobileNetV3 large with alpha 0.75, 1.0, not 0.5"),
        (MobileNetV4, ("conv_small", 1.0, "nonsense"), "mobilenetv4_conv_small.e1200_r224_in1k"),
    ],
)
def test_what_timm_does_not_have_is_refused_with_what_it_has(network, arguments, said):
    with pytest.raises(InputError, match=said):
        network(*arguments)


def test_a_tag_says_which_pixels_its_weights_expect():
    with torch.device("meta"):
        assert MobileNetV3("large").normalization[0] == (0.485, 0.456, 0.406)
        trunk = MobileNetV3("large", tag="ra4_e3600_r224_in1k")
    assert trunk.normalization[0] == (0.5, 0.5, 0.5)
    assert trunk.options["tag"] == "ra4_e3600_r224_in1k"
