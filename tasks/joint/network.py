"""The network of a joint task: one trunk, whose maps are computed once and read by every head."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from backbone.errors import InputError
from backbone.evaluating import evaluating
from backbone.head import Head
from backbone.trunk import Trunk

STATISTICS = ("shared", "frozen", "per_part")
# What a part's pass through the trunk learns with in place of the trunk's parameters, both by path
Gate = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
TRIED = 224  # pixels of the image on which a head shows what it reads


class SharedTrunk(Trunk):
    """The place of a trunk in a head that shares it with others. It has no weights of its own.

    Given images it runs the shared trunk; given that trunk's maps it hands them on.

    Args:
        trunk: the one that is shared.
        statistics: batch statistics to run it with; None: its own.
    """

    def __init__(self, trunk: Trunk, statistics: "Statistics | None" = None):
        super().__init__({}, trunk.feature_info, trunk.normalization, trunk.options)
        self.is_chain = trunk.is_chain
        # in a tuple, which registers nothing: they belong to `Joint`
        self.shared = trunk, statistics
        # made here, since torch.compile breaks a graph that makes the module that it calls
        self.called = (_Features(trunk),)
        self.gate: Gate | None = None

    def features(
        self, x: Tensor | Mapping[str, Tensor], taps: Sequence[str] | None = None
    ) -> dict[str, Tensor]:
        """Feature maps, see `Trunk.features`.

        Args:
            x: normalised images float[B, 3, H, W], or the maps of such images by tap.
        """
        if not isinstance(x, Tensor):
            return {tap: x[tap] for tap in self._in_order(taps)}
        trunk, statistics = self.shared
        own: dict[str, Tensor] = {} if statistics is None else statistics.by_path()
        if self.gate is not None and torch.is_grad_enabled():
            own |= self.gate(dict(trunk.named_parameters()))
        if not own:
            return trunk.features(x, taps)
        own = {f"trunk.{path}": tensor for path, tensor in own.items()}
        found: dict[str, Tensor] = functional_call(self.called[0], own, (x, taps))
        return found

    def forward(self, x: Tensor | Mapping[str, Tensor]) -> Tensor:
        """The last feature map."""
        last = self.taps[-1]
        return self.features(x, (last,))[last]


class Statistics(nn.Module):
    """Batch statistics for a trunk, beside its own: those of one part's images.

    Args:
        trunk: whose own they start from.
        measured: to start from in their place, by path in the trunk.
    """

    def __init__(self, trunk: Trunk, measured: Mapping[str, Tensor] | None = None):
        super().__init__()
        self.names: dict[str, str] = {}  # name here -> path in the trunk
        start = dict(trunk.named_buffers()) if measured is None else measured
        for path, buffer in start.items():
            name = path.replace(".", "__")
            self.names[name] = path
            self.register_buffer(name, buffer.detach().clone())

    def by_path(self) -> dict[str, Tensor]:
        """The statistics by the path that they have in the trunk; a training updates them."""
        return {path: getattr(self, name) for name, path in self.names.items()}


class _Features(nn.Module):
    """A trunk's `features` as a module's call."""

    def __init__(self, trunk: Trunk):
        super().__init__()
        self.trunk = trunk

    def forward(self, x: Tensor, taps: Sequence[str] | None) -> dict[str, Tensor]:
        return self.trunk.features(x, taps)


class Joint(Head):
    """A trunk with several heads.

    The heads were built on this trunk. Each gets a `SharedTrunk` in its place, and stays as it is
    otherwise, so it answers for images and for maps alike.

    Args:
        trunk: the shared network.
        heads: name -> head on this trunk.
        statistics: of the trunk's batch norm: `shared`, those of all parts' images together;
            `frozen`, those that it came with; `per_part`, a set for each part, so that one pass
            runs the trunk for each part anew.
        measured: name -> batch statistics that the part's own weights came with, by their path in
            the trunk; a set for each part begins with these, or else with the trunk's.

    Raises:
        InputError: a head that reads more than the trunk's maps, or a name that cannot be used.
    """

    def __init__(
        self,
        trunk: Trunk,
        heads: Mapping[str, Head],
        statistics: str = "shared",
        measured: Mapping[str, Mapping[str, Tensor]] | None = None,
    ):
        super().__init__()
        known = measured or {}
        if statistics not in STATISTICS:
            raise InputError(f"task.statistics={statistics}: give one of {', '.join(STATISTICS)}")
        self.trunk = trunk
        self.statistics = statistics
        self.one_trunk = statistics != "per_part"
        self.own_statistics = nn.ModuleDict()
        self.heads = nn.ModuleDict()
        for name, head in heads.items():
            if hasattr(self.heads, name):
                raise InputError(f"a part cannot be called {name!r} here: choose another name")
            if head.runs_stages:
                raise InputError(
                    f"{name}: {type(head).__name__} cannot share a trunk: it runs the trunk's "
                    "stages on each region, where one pass has its maps alone. Take SSD or SSDLite"
                )
            if not self.one_trunk:
                self.own_statistics[name] = Statistics(trunk, known.get(name))
            head.trunk = SharedTrunk(trunk, None if self.one_trunk else self.own_statistics[name])  # type: ignore[arg-type]
            self.heads[name] = head
        self.taps = trunk.taps
        if not next(trunk.parameters()).is_meta:  # where only shapes are wanted, nothing runs
            read = read_taps(trunk, heads)
            self.taps = tuple(tap for tap in trunk.taps if tap in read)

    def maps(self, images: Tensor) -> dict[str, dict[str, Tensor]]:
        """What each head reads of normalised images float[B, 3, H, W]: its maps by tap.

        The trunk runs once, and all heads get the same maps; or for each head, if each has
        statistics of its own.
        """
        if self.one_trunk:
            return dict.fromkeys(self.heads, self.trunk.features(images, self.taps))
        shared = {name: head.trunk for name, head in self.heads.items()}
        return {name: trunk.features(images, self.taps) for name, trunk in shared.items()}  # type: ignore[operator, union-attr]

    def forward(self, images: Tensor) -> dict[str, Any]:
        """Each head's outputs for float[B, 3, H, W], by its name."""
        maps: Any = self.maps(images)
        return {name: head(maps[name]) for name, head in self.heads.items()}


class _Noted(dict[str, Tensor]):
    """Maps that note which of them are read."""

    def __init__(self, maps: Mapping[str, Tensor]):
        super().__init__(maps)
        self.read: set[str] = set()

    def __getitem__(self, tap: str) -> Tensor:
        self.read.add(tap)
        return super().__getitem__(tap)


def read_taps(trunk: Trunk, heads: Mapping[str, Head]) -> set[str]:
    """The maps that heads read, found by running each once.

    Args:
        trunk: that all of them share.
        heads: with a `SharedTrunk`.

    Raises:
        InputError: a head that reads more than maps, such as the trunk's own stages.
    """
    with evaluating(trunk, *heads.values()):
        maps: Any = _Noted(trunk.features(torch.zeros(1, 3, TRIED, TRIED)))
        for name, head in heads.items():
            try:
                head(maps)
            except (TypeError, AttributeError) as error:
                raise InputError(
                    f"{name}: {type(head).__name__} cannot share a trunk: it reads more than "
                    f"the trunk's feature maps ({error})"
                ) from error
    found: set[str] = maps.read
    return found
