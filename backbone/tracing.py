"""What a network is being traced for."""

import torch


def is_exporting() -> bool:
    """Whether a graph is made for another runtime, as by `torch.export` with `strict=False`.

    torch 2.11's own function is true under torch.compile too. To tell the two apart, this one is
    false wherever Dynamo traces, also in an export with `strict=True`.
    """
    return torch.compiler.is_exporting() and not torch.compiler.is_dynamo_compiling()
