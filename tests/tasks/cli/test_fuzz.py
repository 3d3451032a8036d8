"""Any value for any option: a checked configuration or a user's mistake, and nothing else."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from tasks.cli.configuration import check_config, compose_config
from tasks.cli.mistakes import is_mistake, messages
from tasks.cli.schema.choosing import parts

TASKS = {
    "image_folder": (),
    "ssd_coco": (),
    "faster_rcnn_coco": ("backbone=mobilenet_v2",),
    "face_attributes": ("data=utkface", "distill=teacher", "distill.teacher=x"),
    "face_embedding": ("optimizer=rmsprop",),
    "planet": (),
}

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 400),
    st.integers(),
    st.floats(),
    st.sampled_from(
        ["", "auto", "null", "~", "1", "nan", "/x", "a b", "ä", "${nowhere}", "${seed}"]
    ),
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abc_", min_size=1), inner, max_size=2)
    ),
    max_leaves=5,
)


@cache
def composed(task: str) -> DictConfig:
    return compose_config([f"task={task}", *TASKS[task]])


def options() -> list[tuple[str, str]]:
    """Every option of the schema that one of the tasks has, with that task."""
    found = {}
    for task in TASKS:
        for part in parts(OmegaConf.to_container(composed(task))):
            for name in part.model.model_fields:
                found.setdefault(f"{part.key}.{name}".lstrip("."), task)
    return sorted(found.items())


@pytest.mark.slow
@pytest.mark.parametrize(("key", "task"), options(), ids=lambda value: value)
@settings(derandomize=True, max_examples=12, deadline=None, database=None)
@given(value=VALUES)
def test_any_value_of_an_option_is_taken_or_refused(key, task, value):
    config = composed(task).copy()
    overrides = [f"task={task}", *TASKS[task], f"++{key}=0"]
    try:
        OmegaConf.update(config, key, value, force_add=True, merge=False)
        check_config(config, overrides)
    except Exception as error:
        if not (is_mistake(error) and all(messages(error, overrides))):
            raise
