"""A joint run that extends a checkpoint: what it starts from, and what it is refused."""

from functools import cache
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError
from tasks.cli.configuration import check_config, compose_config
from tasks.data.labels import Labels
from tasks.joint.extending import extended
from tasks.runs.parts import PARTS
from tasks.training.build import build_task
from tasks.training.checkpoints import read_checkpoint
from tasks.training.restore import load_task
from tasks.training.saving import AtomicCheckpointIO
from tests.tasks.cli.test_schema import said
from tests.tasks.joint.parts import LABELS, TRUNK

pytestmark = pytest.mark.slow

THREE = "task.parts=[image_folder,face_attributes,planet]"


@cache
def composed(*overrides: str) -> DictConfig:
    given = ["task=joint", THREE, *TRUNK, "task.extends=placeholder.ckpt", *overrides]
    return check_config(compose_config(given), given)


def config(source: Path, *overrides: str) -> DictConfig:
    """The command's configuration, composed once for all checkpoints."""
    made = composed(*overrides).copy()
    OmegaConf.set_readonly(made, False)
    made.task.extends = made.backbone.weights = str(source)
    return made


@pytest.fixture
def two(singles, tmp_path) -> Path:
    from tasks.join import join

    path = tmp_path / "two.ckpt"
    join([str(singles[name]) for name in ("image_folder", "face_attributes")], path, None, ())
    return path


def labels(number: int = 3) -> Labels:
    names = ("image_folder", "face_attributes", "planet")[:number]
    return Labels(0, [], [], [], {PARTS: {name: LABELS[name]().to_dict() for name in names}})


def test_old_parts_start_as_they_were_and_are_taught_by_themselves(two):
    made = extended(config(two))
    for name in ("image_folder", "face_attributes"):
        assert made.parts[name].task.head.weights == f"{two}/{name}"
        assert made.parts[name].distill.source.checkpoint == f"{two}/{name}"
    assert made.parts.planet.get("distill") is None
    task, _ = build_task(made, labels())
    before, _ = load_task(two)
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    with torch.inference_mode():
        now = task.eval().predict({"image": images})
        then = before.predict({"image": images})
    old = [key for key in then if key in now]
    assert old == list(then)
    for key in old:
        assert torch.equal(now[key], then[key])


def test_what_a_part_says_itself_stays(two):
    own = ["parts.image_folder.distill=teacher", "parts.image_folder.distill.weight=0.5"]
    other = "parts.image_folder.distill.teacher=other.ckpt"
    made = extended(config(two, *own, other))
    assert made.parts.image_folder.distill.teacher == "other.ckpt"
    assert made.parts.image_folder.distill.weight == 0.5


def test_a_single_task_is_extended_too(singles):
    made = extended(config(singles["planet"]))
    assert made.parts.planet.distill.teacher == str(singles["planet"])
    assert made.parts.image_folder.get("distill") is None


def test_what_the_command_does_not_fit_is_told(joint, two, tmp_path):
    with pytest.raises(InputError, match=r"has a part ssd_coco, which task\.parts lacks"):
        extended(config(joint))
    whole = config(two)
    del whole.parts.planet
    with pytest.raises(InputError, match="has all of these parts: name a new one"):
        extended(whole)
    with pytest.raises(InputError, match="no such checkpoint"):
        extended(config(tmp_path / "none.ckpt"))


def test_options_that_do_not_go_together_are_told():
    given = ["task=joint", "task.parts=[planet]", "task.extends=a.ckpt"]
    assert composed().backbone.weights == "placeholder.ckpt"
    assert "the trunk is that checkpoint's" in said(*given, "backbone.weights=b.ckpt")[0]
    (line,) = said(*given, "optimizer.freeze_trunk=true")
    assert "add it with python -m tasks.join" in line


def test_shared_statistics_become_a_set_for_each_part(two):
    both = ["task=joint", "task.parts=[image_folder,face_attributes]", *TRUNK]

    def state(source: Path, statistics: str) -> dict[str, torch.Tensor]:
        given = [*both, f"task.head.weights={source}", f"task.statistics={statistics}"]
        return build_task(check_config(compose_config(given), given), labels(2))[0].state_dict()

    mean = "conv0.bn.running_mean"
    own = f"head.own_statistics.{{}}.{mean.replace('.', '__')}"
    made = state(two, "per_part")
    for name in ("image_folder", "face_attributes"):
        assert torch.equal(made[own.format(name)], made[f"head.trunk.{mean}"])
    content = torch.load(two, weights_only=True)
    content["state_dict"] |= {key: value for key, value in made.items() if ".own_" in key}
    AtomicCheckpointIO().save_checkpoint(content, two)
    with pytest.raises(InputError, match=r"here with task\.statistics=per_part$"):
        state(two, "shared")


def test_sets_of_statistics_start_from_those_of_the_weights(two):
    """A set for each part: an old part's own, and for a new one those of the trunk's weights."""
    checkpoint = read_checkpoint(two)
    content = torch.load(two, weights_only=True)
    key = "conv0.bn.running_mean"
    own = f"head.own_statistics.{{}}.{key.replace('.', '__')}"
    for place, name in enumerate(checkpoint.parts):
        for path, value in checkpoint.state.items():
            if path.startswith("head.trunk.") and ".running_" in path:
                inner = path.removeprefix("head.trunk.").replace(".", "__")
                content["state_dict"][f"head.own_statistics.{name}.{inner}"] = value + 1.0 + place
    AtomicCheckpointIO().save_checkpoint(content, two)
    made = extended(config(two, "task.statistics=per_part"))
    state = build_task(made, labels())[0].state_dict()
    shared = checkpoint.state[f"head.trunk.{key}"]
    torch.testing.assert_close(state[own.format("image_folder")], shared + 1)
    torch.testing.assert_close(state[own.format("face_attributes")], shared + 2)
    torch.testing.assert_close(state[own.format("planet")], shared + 1.5)
