"""Maps chosen by stride, on every kind of trunk."""

import pytest
import torch

from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.timm_trunk import TimmTrunk
from tasks.detection.taps import last_tap_of_stride


@pytest.mark.parametrize(
    ("make", "stride_16", "stride_32"),
    [
        (lambda: MobileNetV1(), "conv11", "conv13"),
        (lambda: MobileNetV1(body="shallow"), "conv6", "conv13"),
        (lambda: MobileNetV2(), "block14_expand", "conv18"),
        (lambda: MobileNetV2(expansion=1), "block13", "conv18"),
        (lambda: TimmTrunk("vgg16"), "features_29", "features_30"),
        (lambda: TimmTrunk("inception_v3"), "Mixed_6e", "Mixed_7c"),
        (lambda: TimmTrunk("resnet18"), "layer3", "layer4"),
    ],
    ids=["V1", "shallow V1", "V2", "V2 without expansion", "vgg16", "inception_v3", "resnet18"],
)
def test_the_last_map_of_a_stride(make, stride_16, stride_32):
    with torch.device("meta"):
        trunk = make()
    assert (last_tap_of_stride(trunk, 16), last_tap_of_stride(trunk, 32)) == (stride_16, stride_32)


@pytest.mark.parametrize(
    ("make", "stride", "said"),
    [
        (
            lambda: MobileNetV1(0.25),
            64,
            r"MobileNetV1 .* stride 64; its strides are 2, 4, 8, 16, 32\.",
        ),
        (
            lambda: TimmTrunk("vit_tiny_patch16_224"),
            32,
            r"vit_tiny_patch16_224 .* stride 32; its strides are 16\.",
        ),
    ],
)
def test_a_trunk_without_the_stride_is_refused_with_those_it_has(make, stride, said):
    with torch.device("meta"):
        trunk = make()
    with pytest.raises(InputError, match=said):
        last_tap_of_stride(trunk, stride)
