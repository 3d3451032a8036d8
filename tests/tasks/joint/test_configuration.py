"""What a joint task is composed of, and what is refused before anything is loaded."""

import pytest
import torch

from tasks.cli.configuration import check_config, compose_config
from tasks.cli.mistakes import messages
from tasks.data.labels import Labels
from tasks.joint.scores import Monitored
from tasks.joint.task import JointTask
from tasks.joint.weighing import Weighing
from tasks.runs.directory import fingerprint
from tasks.runs.parts import PARTS, parts_of
from tasks.training.build import build_task
from tasks.training.learner import Learner
from tasks.training.task import Task
from tests.tasks.cli.test_schema import said
from tests.tasks.joint.parts import LABELS

pytestmark = pytest.mark.slow

BOTH = ["task=joint", "task.parts=[ssd_coco,pets]", "parts.pets.task=image_folder"]


def composed(*overrides: str):
    given = [*BOTH, *overrides]
    return check_config(compose_config(given), given)


def test_each_part_is_the_task_that_its_options_make():
    config = composed("mode=sample", "backbone.alpha=0.5", "parts.pets.data.root=/pets", "seed=3")
    parts = parts_of(config)
    assert parts["ssd_coco"].task.name == "ssd_coco"
    assert parts["ssd_coco"].size == 128
    assert parts["ssd_coco"].data.root.endswith("samples/coco")
    pets = parts["pets"]
    assert (pets.data.module.source.root, pets.data.module.seed) == ("/pets", 3)
    assert pets.backbone.alpha == 0.5
    assert config.size == 128, "of the detector, whose head is built for it"
    assert config.data.view.crop_fraction is None, "the whole image, as the views differ"


def test_the_trunks_learning_rate_may_differ_from_the_heads():
    config = composed("mode=sample", "parts.pets.data.root=/pets")
    assert (config.task.weights, config.task.statistics) == ("gradients", "per_part")
    task, _ = build_task(config, Labels(0, [], [], [], {PARTS: small_labels()}))
    optimizer, _ = task.recipe.build(task, 32, 10)
    rates = {group["name"]: group["initial_lr"] for group in optimizer.param_groups}
    assert rates["trunk"] == pytest.approx(config.task.trunk_rate * rates["head"])
    assert rates["head"] == pytest.approx(config.optimizer.lr)


def small_labels():
    names = {"ssd_coco": "ssd_coco", "pets": "image_folder"}
    return {name: LABELS[task]().to_dict() for name, task in names.items()}


def test_what_cannot_change_a_result_makes_no_other_run():
    one = composed("parts.pets.data.root=/pets")
    assert fingerprint(one) == fingerprint(
        composed("parts.pets.data.root=/pets", "parts.pets.data.workers=7")
    )
    assert fingerprint(one) != fingerprint(composed("parts.pets.data.root=/dogs"))


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ("task.parts=[planet,planet]", "two parts are called planet: rename one to"),
        ("task.parts=[]", "a list of names"),
        ("task.parts=[a-b]", "a list of names in letters"),
        ("task.parts=[planet,joint]", "a part cannot be a joint task"),
        ("task.parts=[planet,nothing]", "nothing"),
        ("task.weights={planet:-1}", "task.weights={planet:-1}: must be numbers above 0"),
        ("task.weights={planet:0}", "task.weights={planet:0}: must be numbers above 0"),
        ("task.weights={dogs:2}", "task.weights.dogs: there is no such part, only planet"),
        ("task.references={planet:0}", "numbers above 0"),
        ("task.statistics=none", "shared, frozen or per_part"),
        ("task.statistics=frozen", "keeps the statistics of random weights"),
        ("data.combine=some", "max_size_cycle, min_size or proportional"),
        ("parts.dogs.size=64", "there is no part 'dogs' in task.parts, only planet"),
        ("parts.planet.seed=1", "all other options are shared: set seed=1 without parts.planet"),
        ("preprocess.flip=0", "preprocess.flip: each part has its own: set parts.NAME.preprocess"),
        ("preprocess=none", "preprocess: each part has its own: set parts.NAME.preprocess"),
        ("mode=smoke data.batch_size=4", "data.batch_size: each part has its own: set parts.NAME"),
        ("parts.planet.size=3", "parts.planet.size=3: must be a whole number from 32"),
        ("parts.planet.data.batch_size=auto", "give a number"),
        ("parts.planet.data.t_max=0", "parts.planet.data.t_max=0: "),
        ("distill=teacher distill.teacher=a.ckpt", "set parts.NAME.distill=teacher"),
    ],
)
def test_mistakes_are_told(overrides, line):
    given = ["task=joint", *([] if "task.parts" in overrides else ["task.parts=[planet]"])]
    lines = said(*given, *overrides.split())
    assert len(lines) == 1, lines
    assert line in lines[0]


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("data.workers=1", "data.workers: each part has its own: set parts.NAME.data.workers"),
        ("parts.pets.data.typo=1", "parts.pets.data.typo: there is no such option. Did you mean"),
        ("trainer.max_epoch=3", "trainer.max_epoch: there is no such option. Did you mean"),
        ("parts.ssd_coco.task.head.typo=3", "parts.ssd_coco.task.head.typo: there is no such"),
    ],
)
def test_an_unknown_option_is_named_alone(override, line):
    given = [*BOTH, "parts.pets.data.root=/pets", override]
    with pytest.raises(Exception, match="Could not override") as error:
        compose_config(given)
    (said,) = messages(error.value, given)
    assert said.startswith(line)


def test_only_a_joint_task_has_parts():
    assert "only a joint task" in said("task=planet", "parts.planet.size=64")[0]


def test_detectors_of_different_sizes_have_no_one_pass():
    given = ["task=joint", "task.parts=[ssd_coco,ssdlite_coco]"]
    (line,) = said(*given)
    assert "part ssdlite_coco only answers at 320x320" in line
    assert said(*given, "parts.ssdlite_coco.size=300") == []


def test_scores_are_relative_to_those_of_the_parts_alone():
    rising = Monitored("AP", smaller=False, reference=0.4, weight=1.0)
    assert rising.relative(0.2) == 0.5
    assert rising.relative(-1.0) == rising.relative(float("nan")) == 0.0
    assert Monitored("km", smaller=True, reference=100.0, weight=1.0).relative(200.0) == 0.5


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_balanced_losses_pull_alike_whatever_their_size(scale):
    weighing = Weighing(["a", "b"], "balanced")
    loss = torch.tensor([2.0, 5.0], requires_grad=True)
    weighing.total({"a/one": loss[0] * scale, "b/one": loss[1]}).backward()
    assert loss.grad.tolist() == pytest.approx([1 / 2, 1 / 5], rel=1e-3)


def test_a_loss_of_zero_is_balanced_too():
    loss = torch.zeros((), requires_grad=True)
    total = Weighing(["a", "b"], "balanced").total({"a/one": loss})
    total.backward()
    assert total.isfinite()
    assert loss.grad.isfinite()


def test_a_joint_task_answers_all_that_it_inherits():
    assert not issubclass(JointTask, Task)  # whose parts have loss terms and a metric each
    assert "start_scoring" in abstract_methods(Learner)
    assert not abstract_methods(JointTask)


def abstract_methods(kind: type) -> list[str]:
    return [n for n in dir(kind) if getattr(getattr(kind, n), "__isabstractmethod__", False)]
