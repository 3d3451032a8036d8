"""The types that options have, and how each is put into words."""

import types
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import AfterValidator, Field

MOST = 2**31 - 1  # the largest count


@dataclass(frozen=True)
class Said:
    """Words that describe a type, in place of those made from its constraints."""

    words: str


def rising(values: list[float]) -> list[float]:
    """Refuse numbers that do not rise."""
    if any(a >= b for a, b in pairwise(values)):
        raise ValueError("not rising")
    return values


def not_falling(values: list[float]) -> list[float]:
    """Refuse a pair whose second number is below the first."""
    if values[0] > values[1]:
        raise ValueError("falling")
    return values


def falling(values: list[float]) -> list[float]:
    """Refuse numbers that do not fall."""
    if any(a <= b for a, b in pairwise(values)):
        raise ValueError("not falling")
    return values


def box(values: list[float]) -> list[float]:
    """Refuse a box without area."""
    left, top, right, bottom = values
    if not (left < right and top < bottom):
        raise ValueError("empty")
    return values


def distinct(values: list[int]) -> list[int]:
    """Refuse a list that holds a value twice."""
    if len(set(values)) < len(values):
        raise ValueError("double")
    return values


def devices(value: str) -> str:
    """Refuse text that is neither a number of devices nor a list of them."""
    names = [name.strip() for name in value.split(",")]
    if value != "-1" and not (all(n.isdecimal() for n in names) and len(set(names)) == len(names)):
        raise ValueError("no list of devices")
    return value


Whole = Annotated[int, Field(ge=0, le=MOST)]
Count = Annotated[int, Field(ge=1, le=MOST)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Part = Annotated[float, Field(gt=0, lt=1)]
Name = Annotated[str, Field(min_length=1), Said("a name")]
Path = Annotated[str, Field(min_length=1), Said("a path")]
Text = Annotated[str, Said("text")]
Node = Annotated[dict[str, Any], Said("the options of an object, with its _target_")]

Pixels = Annotated[int, Field(ge=32, le=4096)]
Size = (
    Pixels
    | Annotated[
        list[Pixels], Field(min_length=2, max_length=2), Said("[height,width] of two such numbers")
    ]
)
DrawnSize = Annotated[
    list[Annotated[int, Field(ge=64, le=4096)]],
    Field(min_length=2, max_length=2),
    Said("[width,height], whole numbers from 64 to 4,096"),
]
ShareRange = Annotated[
    list[Share],
    Field(min_length=2, max_length=2),
    AfterValidator(not_falling),
    Said("[least,most], two rising numbers above 0 and up to 1"),
]
RatioRange = Annotated[
    list[Positive],
    Field(min_length=2, max_length=2),
    AfterValidator(not_falling),
    Said("[least,most], two rising numbers above 0"),
]
ScaleRange = Annotated[
    list[Annotated[float, Field(ge=0.05, le=4)]],
    Field(min_length=2, max_length=2),
    AfterValidator(not_falling),
    Said("[least,most], two rising numbers from 0.05 to 4"),
]
Box = Annotated[
    list[Fraction],
    Field(min_length=4, max_length=4),
    AfterValidator(box),
    Said("[left,top,right,bottom], fractions from 0 to 1, left below right and top below bottom"),
]
TrainBatches = Count | Share
EvaluationBatches = Whole | Fraction
Devices = (
    Literal["auto"]
    | Annotated[int, Field(ge=1, le=MOST)]
    | Literal[-1]
    | Annotated[
        list[Whole],
        Field(min_length=1),
        AfterValidator(distinct),
        Said("a list of device numbers such as [0,1]"),
    ]
    | Annotated[str, AfterValidator(devices), Said("""such a list as text, '"0,1"'""")]
)


def words(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """What a type allows, such as "a number above 0, at most 10, or null".

    Args:
        metadata: the constraints that pydantic keeps beside an annotation.
    """
    said = [one.words for one in _flat(metadata) if isinstance(one, Said)]
    if said:
        return said[0]
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return words(inner, [*more, *metadata])
    if origin in (Union, types.UnionType):
        kinds = sorted(get_args(annotation), key=lambda kind: kind is types.NoneType)
        return _either([words(kind, metadata) for kind in kinds])
    if origin is Literal:
        return _either([str(value) for value in get_args(annotation)])
    if origin is list:
        (inner,) = get_args(annotation)
        return f"a list, each item {words(inner)}{_length(metadata)}"
    if annotation is types.NoneType:
        return "null"
    if annotation is bool:
        return "true or false"
    return {int: "a whole number", float: "a number", str: "text"}[annotation] + _range(metadata)


def _flat(metadata: Iterable[Any]) -> Iterable[Any]:
    """The constraints, including those inside a pydantic Field."""
    for one in metadata:
        yield from getattr(one, "metadata", [one])


def _either(kinds: list[str]) -> str:
    *others, last = dict.fromkeys(kinds)
    if not others:
        return last
    comma = "," if any(" " in kind for kind in kinds) else ""
    return f"{', '.join(others)}{comma} or {last}"


def _range(metadata: Sequence[Any]) -> str:
    """The range in words: " from 0 to 1", " from 0 to below 1", " above 0 and up to 1"..."""
    least = most = ""
    for one in _flat(metadata):
        if isinstance(one, Ge):
            least = f"from {_figure(one.ge)}"
        elif isinstance(one, Gt):
            least = f"above {_figure(one.gt)}"
        elif isinstance(one, Le) and one.le != MOST:
            most = f"up to {_figure(one.le)}"
        elif isinstance(one, Lt):
            most = f"below {_figure(one.lt)}"
    if least.startswith("from") and most:
        return f" {least} to {most.removeprefix('up to ')}"
    return "".join(
        f" {end}" if k == 0 else f" and {end}" for k, end in enumerate(filter(None, (least, most)))
    )


def _length(metadata: Sequence[Any]) -> str:
    least = max((one.min_length for one in _flat(metadata) if isinstance(one, MinLen)), default=0)
    most = [one.max_length for one in _flat(metadata) if isinstance(one, MaxLen)]
    if least and not most:
        return f" ({least} or more)"
    return f" ({least} to {most[0]})" if most else ""


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
