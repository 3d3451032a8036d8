"""Any timm network under the trunk's contract."""

import copy
import difflib
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import timm
import torch
from timm.layers import to_2tuple
from torch import Tensor, nn
from torchvision.ops import Permute

from backbone.errors import InputError
from backbone.norms import norms_behind
from backbone.trunk import FeatureInfo, Trunk

# The content of the trunk: modules by name, maps by tap, and timm's names of the tensors.
Parts = tuple[dict[str, nn.Module], dict[str, FeatureInfo], dict[str, str]]


class TimmTrunk(Trunk):
    """A timm network without pooling and classifier, with random weights.

    A network whose modules run one after another becomes a chain of stages, and its last map is the
    output of timm's `forward_features`. Any other network, such as a vision transformer, keeps its
    own forward pass, and timm's `forward_intermediates` reads the maps (those of the image's
    tokens, all normalised like the last one); such a network cannot be split.

    Taps are the maps in timm's `feature_info`. Each is named after the module whose output it is,
    with underscores for dots: `layer4`, `blocks_6`, `features_30`. (Strides cannot serve as names:
    all maps of a vision transformer have the same stride.) If timm reads a map inside a block, the
    tap is the block's input. Modules after timm's last map make up one more tap, named after the
    first of them: `conv_head`, `norm`.

    Args:
        name: timm's, with or without a tag: `resnet50`, `resnet50.a1_in1k`. The trunk has the pixel
            normalisation and the input size of the weights that the tag names.
        arguments: more arguments of timm's constructor, e.g. `drop_path_rate`, `img_size`.

    Attributes:
        input_size: (height, width) in pixels of the images that the network was trained on.
        timm_name, timm_arguments: the name and arguments that timm builds the network from.

    Raises:
        InputError: the network or tag does not exist, has no feature maps, or does not take these
            arguments.
    """

    timm_names: Mapping[str, str]
    input_size: tuple[int, int]

    def __init__(self, name: str, **arguments: Any):
        model = create_timm(name, arguments)
        config = model.pretrained_cfg
        height, width = to_2tuple(arguments.get("img_size", config["input_size"][1:]))
        size = (height, width)
        # an entry without a module stands for the image itself
        maps = [entry for entry in getattr(model, "feature_info", ()) if entry["module"]]
        row = _modules_in_a_row(model, [entry["module"] for entry in maps], size)
        if not maps or not (row or hasattr(model, "forward_intermediates")):
            raise InputError(
                f"{name} of timm {timm.__version__} has no feature maps: choose another "
                "network, or install a newer timm"
            )
        stages, info, names = _chain(model, maps, row) if row else _observed(model, maps)
        super().__init__(
            stages,
            info,
            normalization=(tuple(config["mean"]), tuple(config["std"])),
            options={"name": name, **arguments},
        )
        self.timm_name, self.timm_arguments = name, dict(arguments)
        self.input_size = size
        self.timm_names = names
        self.is_chain = bool(row)
        self._takes_one_size = config["fixed_input_size"] and not arguments.get("dynamic_img_size")

    def features(self, x: Tensor, taps: Sequence[str] | None = None) -> dict[str, Tensor]:
        """The feature maps, as for any trunk.

        Raises:
            InputError: this trunk does not have a tap, or the images do not have the size
                `input_size`, and the network takes no other.
        """
        if self._takes_one_size and tuple(x.shape[2:]) != self.input_size:
            height, width = x.shape[2:]
            raise InputError(
                f"{self.timm_name} only takes images of {self.input_size} pixels, not "
                f"{(height, width)}: set size={list(self.input_size)}, or give the trunk "
                f"img_size={[height, width]} if timm's network has that argument"
            )
        if self.is_chain:
            return super().features(x, taps)
        wanted = self._in_order(taps)
        network: Any = self.network
        maps = network.forward_intermediates(
            x,
            indices=[self.taps.index(tap) for tap in wanted],
            norm=hasattr(network, "norm"),  # since forward_features normalises the last map
            stop_early=True,
            intermediates_only=True,
        )
        return dict(zip(wanted, maps, strict=True))

    @cached_property
    def norms(self) -> Mapping[str, str]:
        """As for any trunk; the network runs once to find them."""

        def maps(twin: TimmTrunk) -> dict[str, Tensor]:
            return twin.features(torch.empty(1, 3, *self.input_size, device="meta"))

        return norms_behind(self, maps)

    def split(self, tap: str) -> tuple[nn.Sequential, nn.Sequential]:
        """Cut the network after a tap, as any trunk, if it is a chain.

        Raises:
            InputError: this trunk does not have the tap, or the network is not a chain.
        """
        if not self.is_chain:
            raise InputError(
                f"{self.timm_name} cannot be cut at {self._known(tap)!r}: its modules do not "
                "simply run one after another. Choose a backbone that can be cut, e.g. a ResNet"
            )
        return super().split(tap)


def create_timm(name: str, arguments: Mapping[str, Any]) -> Any:
    """timm's network without its classifier.

    Typed Any: no type of timm states what all of its networks have, such as `forward_features`.
    """
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

    Empty if it does anything else in between: then the network is not a chain. Modules that
    `forward_features` does not run are left out.
    """
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = []

    def record(
        path: str, module: nn.Module, inputs: tuple[Any, ...], kwargs: dict[str, Any], output: Any
    ) -> None:
        calls.append((path, inputs, kwargs, output))

    # Run a copy on the meta device, which only computes shapes. The network itself does not run,
    # since some of timm's networks store what they compute.
    tensors = {id(t): t.to("meta") for t in (*model.parameters(), *model.buffers())}
    twin: Any = copy.deepcopy(model, tensors).eval()
    for path, module in _opened(twin, maps):
        module.register_forward_hook(partial(record, path), with_kwargs=True)
    with torch.no_grad():
        x = torch.empty(1, 3, *size, device="meta")
        last = twin.forward_features(x)
    shapes: dict[str, torch.Size] = {}
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
    """The children of a network in order; a sequence with a map inside is replaced by its own."""
    for name, child in model.named_children():
        path = f"{prefix}{name}"
        if isinstance(child, nn.Sequential) and any(m.startswith(f"{path}.") for m in maps):
            yield from _opened(child, maps, f"{path}.")
        else:
            yield path, child


def _chain(
    model: nn.Module, maps: Sequence[Mapping[str, Any]], row: Mapping[str, torch.Size]
) -> Parts:
    """One stage per map: the modules after the previous map, up to the one that returns it."""
    paths = list(row)
    ends: dict[int, tuple[str, int]] = {}  # number of modules up to a map -> (last module, stride)
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
    stages: dict[str, nn.Module] = {}
    info: dict[str, FeatureInfo] = {}
    names: dict[str, str] = {}
    begin = 0
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


def _observed(model: Any, maps: Sequence[Mapping[str, Any]]) -> Parts:
    """The network as a single module, without the parts that its last map does not need."""
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
