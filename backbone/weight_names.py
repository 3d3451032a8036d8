"""What released weights call a network's tensors, and what this project calls them.

The network's own names are `<tap>.<layer>.<conv|bn>.<tensor>` and `fc.<tensor>` for the classifier.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

ROWS = range(1, 14)


@dataclass(frozen=True)
class NamingScheme:
    """A publisher's names, and how the publisher's networks differ in what no tensor shows.

    Args:
        name: for reports.
        signature: a key that only files of this scheme have.
        modules: publisher's module path -> ours.
        options: constructor arguments the weights were trained with.
    """

    name: str
    signature: str
    modules: Mapping[str, str]
    options: Mapping[str, object]

    def native(self, key: str) -> str:
        """Our name of a tensor; a key the scheme does not know stays as it is."""
        module, _, tensor = key.rpartition(".")
        return f"{self.modules[module]}.{tensor}" if module in self.modules else key


KERAS = NamingScheme(
    name="keras",
    signature="dw1.weight",
    modules={"conv0": "conv0.conv", "bn0": "conv0.bn", "fc": "fc"}
    | {f"dw{n}": f"conv{n}.depthwise.conv" for n in ROWS}
    | {f"dwbn{n}": f"conv{n}.depthwise.bn" for n in ROWS}
    | {f"pw{n}": f"conv{n}.pointwise.conv" for n in ROWS}
    | {f"pwbn{n}": f"conv{n}.pointwise.bn" for n in ROWS},
    options={"padding": "same", "bn_eps": 1e-3},
)

# timm groups the rows by width: 1, 2, 2, 6 and 2 of them.
_TIMM_BLOCKS = {
    f"blocks.{stage}.{n - first}": f"conv{n}"
    for stage, (first, end) in enumerate(((1, 2), (2, 4), (4, 6), (6, 12), (12, 14)))
    for n in range(first, end)
}
TIMM = NamingScheme(
    name="timm",
    signature="blocks.0.0.conv_dw.weight",
    modules={"conv_stem": "conv0.conv", "bn1": "conv0.bn", "classifier": "fc"}
    | {f"{block}.conv_dw": f"{tap}.depthwise.conv" for block, tap in _TIMM_BLOCKS.items()}
    | {f"{block}.bn1": f"{tap}.depthwise.bn" for block, tap in _TIMM_BLOCKS.items()}
    | {f"{block}.conv_pw": f"{tap}.pointwise.conv" for block, tap in _TIMM_BLOCKS.items()}
    | {f"{block}.bn2": f"{tap}.pointwise.bn" for block, tap in _TIMM_BLOCKS.items()},
    options={"padding": "symmetric", "bn_eps": 1e-5},
)

NATIVE = NamingScheme(name="native", signature="", modules={}, options={})


def naming_scheme(keys: Collection[str]) -> NamingScheme:
    """The scheme a file's keys follow; `NATIVE` when no publisher's signature is among them."""
    return next((scheme for scheme in (KERAS, TIMM) if scheme.signature in keys), NATIVE)
