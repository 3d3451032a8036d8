import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from backbone.conv import (
    ReLU6,
    SameConv2d,
    by_blocks,
    conv_bn_relu6,
    convolution,
    pad_end,
    same_margins,
    suits_blocks,
)


def same_reference(x, weight, stride, groups):
    """TensorFlow's definition, by index: output o reads rows o * stride - before + (0..k-1)."""
    rows, columns = (
        torch.arange(-(-size // stride))[:, None] * stride
        - max((-(-size // stride) - 1) * stride + kernel - size, 0) // 2
        + torch.arange(kernel)
        for size, kernel in zip(x.shape[2:], weight.shape[2:], strict=True)
    )
    far = max(*weight.shape[2:], stride) + 1  # zeros on every side, more than any window reaches
    padded = F.pad(x, (far,) * 4)
    windows = padded[:, :, (rows + far)[:, None, :, None], (columns + far)[None, :, None, :]]
    b, c, h, w, kh, kw = windows.shape
    windows = windows.view(b, groups, c // groups, h, w, kh, kw)
    weight = weight.view(groups, -1, c // groups, kh, kw)
    return torch.einsum("bgchwij,gocij->bgohw", windows, weight).reshape(b, -1, h, w)


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (8, 7), (7, 8), (1, 2), (3, 4)], ids=str)
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (3, 1), (5, 2), (1, 2), (2, 2), (3, 4)])
@pytest.mark.parametrize("groups", [1, 4])
def test_same_padding_is_tensorflows(size, kernel, stride, groups):
    torch.manual_seed(0)
    conv = SameConv2d(4, 8, kernel, stride, groups=groups, bias=False)
    x = torch.randn(2, 4, *size)
    expected = same_reference(x, conv.weight, stride, groups)
    torch.testing.assert_close(conv(x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (8, 7), (7, 8), (1, 2), (3, 4)], ids=str)
@pytest.mark.parametrize("biased", [False, True])
def test_a_convolution_by_blocks_is_the_same(size, biased):
    torch.manual_seed(0)
    conv = SameConv2d(3, 8, 3, 2, bias=biased).double()
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    (top, _), (left, _) = same_margins(conv, x)
    found = by_blocks(x, conv.weight, conv.bias, (top, left))
    torch.testing.assert_close(found, conv(x))
    weights = torch.randn_like(found)
    expected = torch.autograd.grad((conv(x) * weights).sum(), conv.weight)
    torch.testing.assert_close(torch.autograd.grad((found * weights).sum(), conv.weight), expected)


@pytest.mark.parametrize(
    ("layer", "gpu", "suits"),
    [
        (SameConv2d(3, 8, 3, 2), True, True),
        (SameConv2d(3, 8, 3, 2), False, False),
        (SameConv2d(8, 8, 3, 2), True, False),
        (SameConv2d(3, 8, 5, 2), True, False),
    ],
)
def test_blocks_are_for_the_first_layer_of_a_network_compiled_for_a_gpu(layer, gpu, suits):
    image = SimpleNamespace(is_cuda=gpu)

    def asked() -> bool:
        return suits_blocks(layer, image)

    assert torch.compile(asked, backend="eager")() == suits
    assert not asked()


@pytest.mark.cuda
@pytest.mark.slow
def test_a_compiled_first_layer_is_the_eager_one(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    torch.manual_seed(0)
    layer = conv_bn_relu6(3, 16, 3, stride=2).cuda()
    x = torch.randn(2, 3, 33, 48, device="cuda")
    outputs = [layer(x), torch.compile(layer, backend="aot_eager")(x)]
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-4, atol=1e-4)
    gradients = [torch.autograd.grad(output.sum(), layer.conv.weight)[0] for output in outputs]
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-3, atol=1e-3)


def test_same_padding_by_hand():
    conv = convolution(1, 1, kernel=3, stride=2)
    torch.nn.init.ones_(conv.weight)
    even = torch.arange(16.0).view(1, 1, 4, 4)
    # windows begin at rows and columns 0 and 2: padding is at the bottom and right only
    assert conv(even).flatten().tolist() == [45, 39, 66, 50]
    odd = torch.arange(9.0).view(1, 1, 3, 3)
    # windows begin at -1 and 1: one pixel all around
    assert conv(odd).flatten().tolist() == [8, 12, 20, 24]


def test_symmetric_padding_reads_the_pixel_above_an_even_image():
    conv = convolution(1, 1, kernel=3, stride=2, padding="symmetric")
    torch.nn.init.ones_(conv.weight)
    assert conv(torch.arange(16.0).view(1, 1, 4, 4)).flatten().tolist() == [10, 24, 51, 90]


def test_odd_sizes_need_no_copy(monkeypatch):
    def no_pad(*_):
        raise AssertionError("copied an image whose padding is symmetric")

    monkeypatch.setattr("backbone.conv.pad_end", no_pad)
    conv = convolution(3, 4, kernel=3, stride=2)
    assert conv(torch.zeros(1, 3, 9, 11)).shape == (1, 4, 5, 6)
    with pytest.raises(AssertionError):
        conv(torch.zeros(1, 3, 9, 10))


def test_depthwise_layers_keep_the_scale_of_their_input():
    torch.manual_seed(0)
    conv = conv_bn_relu6(512, 512, kernel=3, groups=512).conv
    out = conv(torch.randn(4, 512, 8, 8).relu() * 2**0.5)  # second moment 1, as after a ReLU
    # fan-in initialisation gives 2 minus what the borders lack; fan-out would give 0.004
    assert 1 < out.square().mean() < 3


def test_relu6_clips_both_ends():
    layer = conv_bn_relu6(1, 1, kernel=1).eval()
    torch.nn.init.ones_(layer.conv.weight)
    x = torch.tensor([-9.0, -1, 0, 3, 7, 100]).view(1, 1, 1, 6)
    assert layer(x).flatten().tolist() == pytest.approx([0, 0, 0, 3, 6, 6], abs=0.01)


@pytest.mark.parametrize("groups", [1, 8])
def test_one_pixel_in_bfloat16_has_the_gradients_of_float32(groups):
    """And finite ones, whatever was in memory before."""
    torch.manual_seed(0)
    conv = SameConv2d(8, 8, 3, stride=2, groups=groups)
    x = torch.randn(4, 8, 1, 1)
    conv(x).square().sum().backward()
    expected = conv.weight.grad.clone()
    for _ in range(20):
        dirty = [torch.full((2**size,), math.nan) for size in range(4, 16) for _ in range(8)]
        del dirty
        conv.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            conv(x).float().square().sum().backward()
        torch.testing.assert_close(conv.weight.grad, expected, rtol=0.05, atol=0.1)


@pytest.mark.parametrize("size", [(8, 8), (8, 7), (6, 9)], ids=str)
def test_the_padded_form_has_the_gradients_of_torchs_padding(size):
    torch.manual_seed(0)
    conv = SameConv2d(4, 4, 3, stride=2, groups=4)
    start = torch.randn(2, 4, *size).contiguous(memory_format=torch.channels_last)
    gradients = []
    for pad in (pad_end, lambda x, rows, columns: F.pad(x, (0, columns, 0, rows))):
        x = start.clone().requires_grad_()
        conv.zero_grad()
        y = F.conv2d(pad(x, 1, 1), conv.weight, stride=2, groups=4)
        y.square().sum().backward()
        gradients.append((y, x.grad, conv.weight.grad))
    for ours, torchs in zip(*gradients, strict=True):
        assert torch.equal(ours, torchs)


def test_padding_keeps_the_memory_format():
    nchw = torch.randn(2, 4, 6, 6)
    assert pad_end(nchw, 1, 1).is_contiguous()
    nhwc = nchw.contiguous(memory_format=torch.channels_last)
    assert pad_end(nhwc, 1, 0).is_contiguous(memory_format=torch.channels_last)


def test_relu6_has_torchs_gradient_and_keeps_one_map():
    """The edges included, where the gradient is zero."""
    start = torch.tensor([-1.0, -0.0, 0.0, 1e-30, 3.0, 5.9999995, 6.0, 7.0, math.nan])
    gradients = []
    for clip in (ReLU6(), F.relu6):
        x = start.clone().requires_grad_()
        kept = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, kept=kept: (kept.append(t.data_ptr()), t)[1], lambda t: t
        ):
            y = clip(x + 0)
        y.backward(torch.arange(1.0, 10))
        gradients.append((y.detach(), x.grad))
        if isinstance(clip, ReLU6):
            assert kept == [y.data_ptr()], "the input was copied"
    for ours, torchs in zip(*gradients, strict=True):
        assert torch.equal(ours.nan_to_num(9.0), torchs.nan_to_num(9.0))


@pytest.mark.slow
def test_a_layer_can_be_compiled_as_a_whole():
    torch.manual_seed(0)
    layer = conv_bn_relu6(3, 4, kernel=3, stride=2)
    x = torch.randn(2, 3, 8, 8)
    layer(x).square().sum().backward()
    expected = layer.conv.weight.grad.clone()
    layer.zero_grad()
    torch.compile(layer, backend="aot_eager", fullgraph=True)(x).square().sum().backward()
    torch.testing.assert_close(layer.conv.weight.grad, expected)
