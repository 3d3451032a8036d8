"""What a network is being traced for."""

import torch


def is_exporting() -> bool:
    """Whether a graph is made that another runtime will run, as by `torch.export`.

    Under torch.compile, torch 2.11's own function says so too.
    """
    return torch.compiler.is_exporting() and not torch.compiler.is_dynamo_compiling()
