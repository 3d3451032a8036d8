"""What Hydra's grammar does not read, the message shows how to write."""

import shlex

import hydra
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.cli.overrides import (
    OptionError,
    groups,
    parse_overrides,
    quoting,
    refuse_sweeps,
    value_keys,
)
from tasks.cli.parts import for_hydra, from_hydra

HARD = [
    "/my data (1)", "/a=b,c", "/übung#1", "~/set", "a;b", "it's", 'a "b" c', "[", "/x/[1]", "{a",
    "a b=c", "日本/写真", "/x;rm", "a!b", "a&b", "(x", "train-{000..049}.tar",
]  # fmt: skip


@pytest.mark.parametrize("value", HARD)
def test_the_quoting_that_is_shown_works(value):
    typed = f"data.root={value}"
    lines = said(typed)
    if lines:
        assert lines[0].startswith(f"{typed}: ")
        (typed,) = shlex.split(lines[0].partition("as text, write ")[2])
    (override,) = parse_overrides([typed])
    assert override.value() == value


def said(text: str) -> list[str]:
    """What is said of an override that is not read; nothing of one that is."""
    try:
        parse_overrides([text])
    except OptionError as error:
        return error.lines
    return []


@settings(derandomize=True, max_examples=150, deadline=None, database=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12))
def test_any_text_is_read_or_refused_with_a_message(text):
    lines = said(f"data.root={text}")
    assert not lines or lines[0].startswith(f"data.root={text}: ")
    typed = quoting("data.root", text)
    if typed is not None:
        (argument,) = shlex.split(typed)
        assert parse_overrides([argument])[0].value() == text


@pytest.mark.parametrize(
    "text", ["data.root", "data.root=[", 'data.root="a b"c', "=3", "data..x=1"]
)
def test_what_is_no_override_is_named(text):
    with pytest.raises(OptionError) as caught:
        parse_overrides(["seed=1", text])
    (line,) = caught.value.lines
    assert line.startswith(f"{text}: ")


def test_several_values_for_one_run_show_how_to_go_on():
    with pytest.raises(OptionError) as caught:
        refuse_sweeps(parse_overrides(["data.root=a,b"]))
    (line,) = caught.value.lines
    assert "Add -m" in line
    assert "'data.root=[a,b]'" in line
    assert "'data.root=\"a,b\"'" in line


def test_keys_of_values_are_those_of_no_group():
    given = ["task=a", "seed=1", "+data.x=2", "hydra/launcher=b", "hydra.mode=RUN", "~distill"]
    assert value_keys(given) == ["seed", "data.x"]
    assert {"task", "data", "backbone", "mode", "table"} <= set(groups())


@pytest.mark.parametrize(
    "override",
    [
        "parts.pets.data.root=/pets/a.b",
        "parts.pets.data.mean=[1,2]",
        "+parts.pets.task.head.kernel_size=3",
        "++parts.pets.size=64",
        "optimizer.lr=1e-3",
        "+task.head.kernel_size=3",
    ],
)
def test_overrides_of_parts_pass_through_hydra(override):
    hidden = for_hydra(override)
    assert from_hydra(hidden) == override
    with hydra.initialize_config_module("conf", version_base="1.3"):
        hydra.compose("config", ["task=ssd_coco", hidden])
