"""Any timm network under the trunk's contract."""

import copy
import difflib
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import timm
import torch
from timm.layers import to_2tuple
from torch import Tensor, nn
from torchvision.ops import Permute

from backbone.errors import InputError
from backbone.trunk import FeatureInfo, Trunk

# Modules by tap, their maps, and timm's names of their tensors.
Parts = tuple[dict[str, nn.Module], dict[str, FeatureInfo], dict[str, str]]


class TimmTrunk(Trunk):
    """A timm network without pooling and classifier, with random weights.

    A network whose modules run one after another becomes a chain of stages, and its last map is
    what timm's `forward_features` returns. Of any other, such as a vision transformer, timm's
    `forward_intermediates` observes the maps (of the image's tokens, normalised as the last are);
    it cannot be split.

    Taps are the maps of timm's `feature_info`, named after the modules whose outputs they are, with
    underscores for dots: `layer4`, `blocks_6`, `features_30`. (Strides would not do as names: all
    maps of a vision transformer have the same.) A map that timm reads inside of a block is taken
    where it enters the block. What runs behind the last one is one more tap, named after the module
    it begins with: `conv_head`, `norm`.

    Args:
        name: timm's, with or without a tag: `resnet50`, `resnet50.a1_in1k`. The tag says whose
            weights' pixel normalisation and input size this trunk has.
        arguments: more arguments of timm's constructor, e.g. `drop_path_rate`, `img_size`.

    Attributes:
        input_size: (height, width) in pixels that the network is trained at.
        timm_names: key of this trunk's state dict -> key of timm's complete network, whose further
            tensors are its classifier's.

    Raises:
        InputError: no such network or tag, no feature maps, or arguments the network lacks.
    """

    def __init__(self, name: str, **arguments: Any):
        model = _create(name, arguments)
        config = model.pretrained_cfg
        size = to_2tuple(arguments.get("img_size", config["input_size"][1:]))
        # an entry without a module is the image itself
        maps = [entry for entry in getattr(model, "feature_info", ()) if entry["module"]]
        row = _modules_in_a_row(model, [entry["module"] for entry in maps], size)
        if not maps or not (row or hasattr(model, "forward_intermediates")):
            raise InputError(
                f"{name} of timm {timm.__version__} offers no feature maps: take another network, "
                "or a newer timm"
            )
        stages, info, names = _chain(model, maps, row) if row else _observed(model, maps)
        super().__init__(
            stages,
            info,
            normalization=(tuple(config["mean"]), tuple(config["std"])),
            options={"name": name, **arguments},
        )
        self.input_size = size
        self.timm_names = names
        self._is_chain = bool(row)
        self._takes_one_size = config["fixed_input_size"] and not arguments.get("dynamic_img_size")

    def features(self, x: Tensor, taps: Sequence[str] | None = None) -> dict[str, Tensor]:
        """As any trunk's. Some networks take images of `input_size` alone: InputError otherwise."""
        if self._takes_one_size and tuple(x.shape[2:]) != self.input_size:
            height, width = x.shape[2:]
            raise InputError(
                f"{self.options['name']} takes images of {self.input_size} pixels, not "
                f"{(height, width)}: set size={list(self.input_size)}, or give the trunk "
                f"img_size={[height, width]} where timm's network has that argument"
            )
        if self._is_chain:
            return super().features(x, taps)
        wanted = set(self.taps if taps is None else map(self._known, taps))
        wanted = [tap for tap in self.taps if tap in wanted]
        maps = self.network.forward_intermediates(
            x,
            indices=[self.taps.index(tap) for tap in wanted],
            norm=hasattr(self.network, "norm"),  # as forward_features does with the last
            stop_early=True,
            intermediates_only=True,
        )
        return dict(zip(wanted, maps, strict=True))

    def split(self, tap: str) -> tuple[nn.Sequential, nn.Sequential]:
        """As any trunk's, for a chain.

        Raises:
            InputError: a tap this trunk does not have, or a network that is no chain.
        """
        if not self._is_chain:
            raise InputError(
                f"{self.options['name']} cannot be cut at {self._known(tap)!r}: its modules do not "
                "simply run one after another. Take a backbone that can, e.g. a ResNet"
            )
        return super().split(tap)


def _create(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """timm's network without its classifier."""
    architecture, _, tag = name.partition(".")
    known = timm.list_models(f"{architecture}.*" if tag else "", include_tags=bool(tag))
    if not timm.is_model(name) or (tag and name not in known):
        near = difflib.get_close_matches(name, known or timm.list_models(), n=5, cutoff=0.4)
        raise InputError(
            f"timm {timm.__version__} has no network {name!r}; the nearest names: "
            f"{', '.join(near) or 'none'}"
        )
    try:
        return timm.create_model(name, pretrained=False, num_classes=0, **arguments)
    except TypeError as error:
        if not arguments:
            raise
        raise InputError(f"timm's {name} does not take {dict(arguments)}: {error}") from error


def _modules_in_a_row(
    model: nn.Module, maps: Collection[str], size: tuple[int, int]
) -> dict[str, torch.Size]:
    """The modules that `forward_features` runs one after another: path -> shape of the output.

    Empty if it does anything else on the way: then the network is no chain. What the network holds
    beside these modules, `forward_features` does not need.
    """
    calls = []

    def record(path, module, inputs, kwargs, output):
        calls.append((path, inputs, kwargs, output))

    # A copy on the meta device, which knows shapes and computes nothing. The network itself is not
    # run: some of timm's keep in themselves what they compute.
    tensors = {id(t): t.to("meta") for t in (*model.parameters(), *model.buffers())}
    twin = copy.deepcopy(model, tensors).eval()
    for path, module in _opened(twin, maps):
        module.register_forward_hook(partial(record, path), with_kwargs=True)
    with torch.no_grad():
        x = torch.empty(1, 3, *size, device="meta")
        last = twin.forward_features(x)
    shapes = {}
    for path, inputs, kwargs, output in calls:
        if path in shapes or kwargs or len(inputs) != 1 or inputs[0] is not x:
            return {}
        if not isinstance(output, Tensor) or output.ndim != 4:
            return {}
        x, shapes[path] = output, output.shape
    return shapes if x is last else {}


def _opened(
    model: nn.Module, maps: Collection[str], prefix: str = ""
) -> Iterator[tuple[str, nn.Module]]:
    """The children of a network in order, or those of a sequence that a map lies inside of."""
    for name, child in model.named_children():
        path = f"{prefix}{name}"
        if isinstance(child, nn.Sequential) and any(m.startswith(f"{path}.") for m in maps):
            yield from _opened(child, maps, f"{path}.")
        else:
            yield path, child


def _chain(model: nn.Module, maps: Sequence[Mapping], row: Mapping[str, torch.Size]) -> Parts:
    """A stage for each map: what runs behind the map before it."""
    paths = list(row)
    ends = {}  # how many modules run up to a map -> (the map's tap, its stride)
    for entry in maps:
        inside = (n for n, path in enumerate(paths) if entry["module"].startswith(f"{path}."))
        end = paths.index(entry["module"]) + 1 if entry["module"] in row else next(inside, 0)
        if end:
            ends[end] = (paths[end - 1], entry["reduction"])
    last = max(ends)
    rest = [p for p in paths[last:] if not isinstance(model.get_submodule(p), nn.Identity)]
    if rest:
        ends[len(paths)] = (rest[0], ends[last][1])
    nhwc = getattr(model, "output_fmt", "NCHW") == "NHWC"
    stages, info, names, begin = {}, {}, {}, 0
    for end, (path, stride) in sorted(ends.items()):
        tap, shape = _underscored(path), row[paths[end - 1]]
        layers = OrderedDict((_underscored(p), model.get_submodule(p)) for p in paths[begin:end])
        names |= {
            f"{tap}.{_underscored(p)}.{key}": f"{p}.{key}"
            for p in paths[begin:end]
            for key in model.get_submodule(p).state_dict()
        }
        if nhwc:
            layers["nchw"] = Permute([0, 3, 1, 2])
            if begin:
                layers["nhwc"] = Permute([0, 2, 3, 1])
                layers.move_to_end("nhwc", last=False)
        stages[tap] = nn.Sequential(layers)
        info[tap] = FeatureInfo(shape[3 if nhwc else 1], stride)
        begin = end
    return stages, info, names


def _observed(model: nn.Module, maps: Sequence[Mapping]) -> Parts:
    """The network whole, without what its last map does not need."""
    if hasattr(model, "prune_intermediate_layers"):
        model.prune_intermediate_layers([len(maps) - 1], prune_norm=False, prune_head=True)
    modules = [entry["module"] for entry in maps]
    info = {
        _underscored(module if modules.count(module) == 1 else f"{module}.{n}"): FeatureInfo(
            entry.get("num_chs_norm", entry["num_chs"]), entry["reduction"]
        )
        for n, (module, entry) in enumerate(zip(modules, maps, strict=True))
    }
    return {"network": model}, info, {f"network.{key}": key for key in model.state_dict()}


def _underscored(path: str) -> str:
    return path.replace(".", "_")
