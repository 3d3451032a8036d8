import pytest
import torch
from torch import nn

from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1


def test_taps_are_table_1s_rows():
    info = MobileNetV1().feature_info
    assert [f"conv{n}" for n in range(14)] == list(info)
    assert [i.channels for i in info.values()] == [32, 64, *[128] * 2, *[256] * 2, *[512] * 6] + [
        1024
    ] * 2
    assert [i.stride for i in info.values()] == [2, 2, 4, 4, 8, 8, *[16] * 6, 32, 32]


def test_the_shallow_body_lacks_five_rows_and_keeps_the_names():
    trunk = MobileNetV1(body="shallow")
    assert trunk.taps == (*(f"conv{n}" for n in range(7)), "conv12", "conv13")
    assert (trunk.feature_info["conv6"].channels, trunk.feature_info["conv6"].stride) == (512, 16)
    with pytest.raises(InputError, match="conv11"):
        trunk.split("conv11")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alpha", "widths"),
    [(0.75, (24, 48, 768)), (0.35, (11, 22, 358)), (0.1, (8, 8, 102)), (1.4, (44, 89, 1433))],
)
def test_widths_round_down_to_no_less_than_the_minimum(alpha, widths):
    info = MobileNetV1(alpha=alpha).feature_info
    assert tuple(info[tap].channels for tap in ("conv0", "conv1", "conv13")) == widths


def test_no_layer_is_narrower_than_min_width():
    info = MobileNetV1(alpha=0.25, min_width=50).feature_info
    assert [info[tap].channels for tap in ("conv0", "conv4", "conv13")] == [50, 64, 256]


def test_a_full_convolution_row_is_one_3x3():
    full = MobileNetV1(alpha=0.25, convolution="full")
    convs = [m for m in full.modules() if isinstance(m, nn.Conv2d)]
    assert len(convs) == 14
    assert all(m.kernel_size == (3, 3) and m.groups == 1 and m.bias is None for m in convs)


def test_pixel_normalisation_goes_with_the_weights():
    assert MobileNetV1(0.25).normalization == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    trunk = MobileNetV1(0.25, normalization="imagenet")
    assert trunk.normalization == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert trunk.options["normalization"] == "imagenet"


def test_a_near_linear_start_keeps_gradients_level_from_last_row_to_first():
    """The usual start amplifies them by an order of magnitude on the way."""

    def growth(initialisation: str) -> float:
        torch.manual_seed(0)
        trunk = MobileNetV1(0.25, initialisation=initialisation).train()
        x = torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
        y = trunk(x)
        y.backward(torch.randn(y.shape, generator=torch.Generator().manual_seed(2)))
        first, last = (
            trunk.get_submodule(f"{row}.pointwise.conv").weight for row in ("conv1", "conv13")
        )
        return ((first.grad.norm() * first.norm()) / (last.grad.norm() * last.norm())).item()

    assert growth("near_linear") < growth("he") / 3
