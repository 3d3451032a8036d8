import torch

from backbone.pooling import global_average


def test_it_is_the_mean_over_places_and_its_gradient_keeps_the_format():
    x = torch.randn(2, 5, 3, 4).to(memory_format=torch.channels_last).requires_grad_()
    pooled = global_average(x)
    torch.testing.assert_close(pooled, x.mean((2, 3)))
    given = []
    # a layer before, which is handed the gradient as pooling leaves it
    y = x * 1
    y.register_hook(given.append)
    global_average(y).square().sum().backward()
    assert given[0].is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(x.grad, (2 * pooled / 12)[..., None, None].expand_as(x))
