"""conf/README.md says what the schema and the configuration files say."""

import re

import pytest
from omegaconf import OmegaConf

from tasks.cli.configuration import composed_config
from tasks.cli.schema.choosing import options_of
from tasks.cli.schema.document import compositions, document
from tests.conftest import ROOT

README = ROOT / "conf/README.md"


@pytest.mark.slow
def test_the_committed_file_is_what_the_generator_writes():
    assert README.read_text() == document(), (
        "run: python -m tasks.cli.schema.document > conf/README.md"
    )


@pytest.mark.slow
def test_every_option_of_every_group_is_listed():
    listed = set(re.findall(r"^\| `([\w.]+)` \|", README.read_text(), re.MULTILINE))
    free = ("task.paper.", "data.module.", "data.source.", "data.check.", "distill.source.")

    def keys(node, key=""):
        """Those with a value of their own: what repeats another option is no option."""
        for name in options_of(node):
            inner = f"{key}.{name}".lstrip(".")
            if OmegaConf.is_dict(node._get_node(name)) and not OmegaConf.is_missing(node, name):
                yield from keys(node._get_node(name), inner)
            elif not (
                inner.startswith(("task.", "data.prepare"))
                and OmegaConf.is_interpolation(node, name)
            ):
                yield inner

    lacking = set()
    for group, choice in compositions():
        task = ["task=imagenet"] if group in ("distill", "quantize") else []
        found = keys(composed_config(*task, f"{group}={choice}"))
        lacking |= {key for key in found if not key.startswith(free) and key not in listed}
    lacking -= {
        "task",
        "data",
        "distill",
        "task.bench",
        "task.paper",
        "data.source",
        "distill.source",
    }
    assert not lacking, sorted(lacking)
