"""The constructor options that the MobileNets share, and their ranges."""

import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

from backbone.conv import Padding
from backbone.errors import InputError
from backbone.trunk import MeanAndStd

Initialisation = Literal["near_linear", "he"]
Normalization = Literal["half", "imagenet"]

NORMALIZATIONS: dict[Normalization, MeanAndStd] = {
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


def check_options(owner: str, options: Mapping[str, Any], **choices: Any) -> None:
    """Check the type and range of a network's options.

    Args:
        owner: the network, for the message.
        options: name -> value, including the shared ones.
        choices: the network's own choices: name -> the Literal of its values.

    Raises:
        InputError: an option has a value that is not allowed.
    """
    choices |= {
        "padding": Padding,
        "normalization": Normalization,
        "initialisation": Initialisation,
    }
    for name, kind in choices.items():
        if options[name] not in get_args(kind):
            raise InputError(
                f"{owner}: {name}={options[name]!r} is not one of {', '.join(get_args(kind))}"
            )
    for name, value in options.items():
        if name in choices:
            continue
        if not isinstance(value, int | float) or not 0 < value < math.inf:
            raise InputError(f"{owner}: {name}={value!r} is not a number above 0")
    if options["bn_momentum"] > 1:
        raise InputError(f"{owner}: bn_momentum={options['bn_momentum']} is above 1")
