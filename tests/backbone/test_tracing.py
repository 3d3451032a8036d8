import torch
from torch import Tensor, nn

from backbone.tracing import is_exporting


class Marked(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1 if is_exporting() else x - 1


def test_a_graph_for_another_runtime_is_told_from_a_compiled_one():
    x = torch.zeros(2)
    assert torch.export.export(Marked(), (x,), strict=False).module()(x).tolist() == [1, 1]
    assert torch.compile(Marked(), backend="eager")(x).tolist() == [-1, -1]
    assert Marked()(x).tolist() == [-1, -1]
