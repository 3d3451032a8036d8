"""What is said of weights of which a run takes only a part."""

from dataclasses import replace
from types import SimpleNamespace

import torch
from omegaconf import OmegaConf
from torch import nn

from backbone.mobilenet_v1 import MobileNetV1
from backbone.weights import load_weights
from tasks.training.build import print_layers_left_out


class Detector(nn.Module):
    """A trunk, a classifier and a layer of its own."""

    def __init__(self):
        super().__init__()
        self.trunk, self.fc, self.boxes = MobileNetV1(alpha=0.25), nn.Linear(2, 2), nn.Linear(2, 2)


def test_the_option_that_loads_the_head_too_is_named(tmp_path, capsys):
    head, path = Detector(), tmp_path / "best.ckpt"
    state = {f"head.{key}": value for key, value in head.state_dict().items()}
    options = {"_name_": "mobilenet_v1", **head.trunk.options}
    config = {"backbone": options, "labels": {"ids": [1]}}
    torch.save({"config": config, "labels": {"ids": [1, 2]}, "state_dict": state}, path)
    report = load_weights(MobileNetV1(alpha=0.25), path)
    assert sorted(report.dropped) == [
        "fc.bias",
        "fc.weight",
        "head.boxes.bias",
        "head.boxes.weight",
    ]
    config = OmegaConf.create(
        {"backbone": {"weights": str(path)}, "task": {"head": {"weights": None}}}
    )
    print_layers_left_out(SimpleNamespace(head=head), config, report)
    assert f"(2 tensors, all but those of other classes), use task.head.weights={path}" in (
        capsys.readouterr().out
    )
    another = SimpleNamespace(head=nn.ModuleDict({"trunk": head.trunk, "fc": head.fc}))
    print_layers_left_out(another, config, report)
    assert capsys.readouterr().out == ""

    # a part of a joint network that loads its own head
    heads = nn.ModuleDict({name: nn.Linear(2, 2, bias=False) for name in ("old", "new")})
    joint = SimpleNamespace(head=nn.ModuleDict({"heads": heads}))
    parts = {name: {"task": {"head": {"weights": None}}} for name in heads}
    parts["old"]["task"]["head"]["weights"] = f"{path}/old"
    config = OmegaConf.merge(config, {"parts": parts})
    for name, said in (("old", ""), ("new", "(1 tensor, all but")):
        print_layers_left_out(joint, config, replace(report, dropped=[f"head.heads.{name}.weight"]))
        assert said in (out := capsys.readouterr().out)
        assert bool(said) == bool(out)
