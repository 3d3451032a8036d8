"""A checkpoint is data: whatever it names, nothing of it is imported, called or resolved."""

import copy
import itertools
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from backbone.weights import load_weights
from tasks.distillation.teacher import Teacher
from tasks.geolocation.partitioning import Partitioning
from tasks.runs.names import NAME
from tasks.training.checkpoint_content import checksum
from tasks.training.checkpoints import FORMAT, read_checkpoint
from tasks.training.restore import load_task, restore

FIXTURES = Path(__file__).parents[2] / "data/0.1.0"
TARGETS = (
    *("os.system", "os.popen", "os.remove", "posix.system", "subprocess.run", "subprocess.Popen"),
    *("builtins.eval", "builtins.exec", "builtins.open", "builtins.__import__", "runpy.run_path"),
    *("numpy.testing.measure", "numpy.load", "numpy.fromfile", "torch.load", "torch.hub.load"),
    *("torch.utils.benchmark.Timer", "torch.utils.collect_env.run", "webdataset.gopen.gopen"),
    *("shutil.copyfile", "shutil.rmtree", "pathlib.Path.write_text", "sympy.sympify"),
    *("site.addsitedir", "pickle.loads", "importlib.import_module", "code.interact", "pdb.run"),
    *("hydra.utils.instantiate", "hydra.utils.get_method", "functools.partial", "ctypes.CDLL"),
    *("canary.sing", "tasks.run.run", "tasks.samples.coco.draw_coco", "backbone.download.fetch"),
)


@pytest.fixture(autouse=True)
def canary(tmp_path, monkeypatch) -> Iterator[None]:
    """A module that a crafted checkpoint would import; the test fails if anything does."""
    (tmp_path / "canary.py").write_text(
        "def sing(*args, **kwargs):\n    raise SystemExit('sang')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    assert "canary" not in sys.modules


def places(value: Any, place: tuple = ()) -> Iterator[tuple]:
    """Every place of a configuration, mappings and leaves."""
    if place:
        yield place
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*place, key))


def put(config: dict[str, Any], place: tuple, value: Any) -> dict[str, Any]:
    """A copy of a configuration with another value at a place."""
    changed = copy.deepcopy(config)
    node = changed
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    return changed


def saved(tmp_path: Path, content: dict[str, Any], name: str = "crafted.ckpt") -> Path:
    path = tmp_path / name
    torch.save(content, path)
    return path


@pytest.fixture(scope="module")
def old() -> dict[str, Any]:
    """A checkpoint of 0.1.0, in which Hydra's `_target_` named everything."""
    return torch.load(FIXTURES / "face_embedding.ckpt", weights_only=True)


@pytest.fixture(scope="module")
def new(old) -> dict[str, Any]:
    """The same as it is written today."""
    read = read_checkpoint(FIXTURES / f"{old['config']['task']['name']}.ckpt")
    return old | {"format": FORMAT, "config": read.config, "labels": read.labels.to_dict()}


@pytest.mark.slow
@pytest.mark.parametrize("key", ["_target_", NAME])
@pytest.mark.parametrize("age", ["old", "new"])
def test_nothing_named_anywhere_is_run(age, key, old, new, tmp_path):
    """Every place of the configuration, in place of its value and added to its mapping."""
    content = {"old": old, "new": new}[age]
    targets = itertools.cycle(TARGETS)
    refused = 0
    for number, place in enumerate(places(content["config"])):
        node = content["config"]
        for part in place:
            node = node[part]
        crafted = {key: next(targets), "_args_": ["echo sang"], "command": "echo sang"}
        variants = [crafted, [crafted], {key: crafted[key]}]
        variant = {**node, **crafted} if isinstance(node, dict) else variants[number % 3]
        path = saved(tmp_path, content | {"config": put(content["config"], place, variant)})
        try:
            load_task(path)
        except InputError:
            refused += 1
    assert refused > 100


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_refused_where_things_are_built(target, old, new, tmp_path):
    for content, key in ((old, "_target_"), (new, NAME)):
        for place in (
            ("backbone",),
            ("task", "head"),
            ("task", "module"),
            ("task", "distillation"),
        ):
            node = content["config"]
            for part in place:
                node = node[part]
            config = put(content["config"], place, {**node, key: target})
            path = saved(tmp_path, content | {"config": config})
            if place[-1] == "distillation":
                load_task(path)  # nothing is built of it
                continue
            with pytest.raises(InputError, match="must not name other code"):
                load_task(path)
        config = put(content["config"], ("optimizer", "schedule"), {"_target_": target})
        with pytest.raises(InputError, match="crafted"):
            load_task(saved(tmp_path, content | {"config": config}))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("backbone", "alpha"), 1e9),
        (("backbone", "alpha"), float("nan")),
        (("backbone", "min_width"), 10**6),
        (("backbone", "alpha"), "1.0"),
        (("backbone", "unheard_of"), 1),
        (("task", "module", "recipe"), 1),
        (("task", "module", "unheard_of"), 1),
        (("task", "head", "trunk"), 1),
        (("size",), 10**9),
        (("size",), [64, 64, 64]),
        (("size",), "64"),
        (("task", "head"), None),
        (("backbone",), []),
    ],
)
def test_options_out_of_range_are_refused_before_memory_is_claimed(place, value, new, tmp_path):
    config = put(new["config"], place, value)
    path = saved(tmp_path, new | {"config": config})
    with pytest.raises(InputError, match=r"crafted\.ckpt"):
        _ = load_task(path)[1].size


@pytest.mark.parametrize(
    "labels",
    [
        {"num_classes": 10**9},
        {"num_classes": -1},
        {"num_classes": "3"},
        {"outputs": [10**9]},
        {"ids": [1]},
        {"unheard_of": 1},
        {"details": []},
    ],
)
def test_damaged_labels_are_refused(labels, new, tmp_path):
    content = new | {"labels": new["labels"] | labels}
    with pytest.raises(InputError, match=r"crafted\.ckpt"):
        load_task(saved(tmp_path, content))


def test_interpolations_are_not_resolved(new, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "0.05")
    config = put(new["config"], ("backbone", "alpha"), "${oc.decode:${oc.env:SECRET}}")
    with pytest.raises(InputError, match="cannot be built"):
        load_task(saved(tmp_path, new | {"config": config}))


class Bomb:
    """Runs a command where it is unpickled."""

    def __reduce__(self):
        import canary

        return canary.sing, ()


def test_a_pickle_never_runs(tmp_path, new):
    sys.modules.pop("canary", None)
    data = pickle.dumps(Bomb())
    sys.modules.pop("canary", None)
    ways = {
        ".ckpt": load_task,
        ".pth": lambda path: load_weights(MobileNetV1(0.25), path),
        ".safetensors": lambda path: load_weights(MobileNetV1(0.25), path),
        ".h5": lambda path: load_weights(MobileNetV1(0.25), path),
    }
    for suffix, read in ways.items():
        path = tmp_path / f"bomb{suffix}"
        path.write_bytes(data)
        with pytest.raises(InputError):
            read(path)


def test_every_way_in_refuses(new, tmp_path):
    """Predict, a teacher, a partition; and weights of a trunk take its tensors alone."""
    config = put(new["config"], ("task", "module", NAME), "canary.sing")
    config["optimizer"] = {"_target_": "canary.sing"}
    path = saved(tmp_path, new | {"config": config})
    partitioning = Partitioning(str(path), None, None, 8)
    ways = (
        lambda: load_task(path),
        lambda: restore(read_checkpoint(path)),
        lambda: Teacher(str(path), None).prepare(None, None),
        lambda: partitioning.partition(None, tmp_path),
    )
    for way in ways:
        with pytest.raises(InputError, match="crafted"):
            way()
    load_weights(MobileNetV1(0.05), path)


def test_what_the_user_trusts_is_built(new, tmp_path, monkeypatch):
    """And only that: the message says what to add."""
    config = put(new["config"], ("task", "head", NAME), "mine.Head")
    path = saved(tmp_path, new | {"config": config})
    with pytest.raises(InputError, match=r"--trust mine\b"):
        load_task(path)
    with pytest.raises(InputError, match="cannot be imported"):
        load_task(path, trust=["mine"])
    (tmp_path / "mine.py").write_text("def Head(**options): raise SystemExit('called')\n")
    with pytest.raises(InputError, match="neither a network nor a task"):
        load_task(path, trust=["mine"])
    sys.modules.pop("mine", None)


def looped() -> dict[str, Any]:
    """A mapping that contains itself."""
    made: dict[str, Any] = {}
    made["again"] = made
    return made


def unfolding() -> list[Any]:
    """A list of few bytes that has 2**60 values."""
    made: list[Any] = []
    for _ in range(60):
        made = [made, made]
    return made


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("global_step", "text"),
        ("global_step", float("inf")),
        ("global_step", None),
        ("format", torch.ones(2)),
        ("scores", "text"),
        ("scores", {"top1": []}),
        ("labels", {"outputs": [0, 0]}),
        ("labels", {"names": [[], []]}),
        ("labels", {"ids": [[], []]}),
        ("labels", {"details": {"a": unfolding()}}),
        ("config", {"a": looped()}),
        ("config", {"a": unfolding()}),
        ("config", {"size": 10**5000}),
        ("state_dict", {7: torch.ones(1)}),
        ("state_dict", {"x": torch.ones(2, 2).to_sparse()}),
        ("state_dict", {"x": torch.ones(2, dtype=torch.complex64).conj()}),
        ("state_dict", {"x": torch.ones(1, device="meta")}),
        ("state_dict", {"x": torch.ones(1).expand(2**42)}),
        ("state_dict", {"x.running_var": -torch.ones(1)}),
    ],
)
def test_content_that_no_run_writes_is_refused(key, value, new, tmp_path):
    """Before it is compared, copied or printed."""
    if key in ("labels", "config", "state_dict"):
        value = new[key] | value
    with pytest.raises(InputError, match=r"crafted\.ckpt"):
        _ = load_task(saved(tmp_path, new | {key: value}))[1].size


@pytest.mark.parametrize("kind", [torch.complex64, torch.float8_e4m3fn])
def test_tensors_of_a_task_of_ones_own_are_read(kind, new, tmp_path):
    """A run writes whatever buffers a task has."""
    state = new["state_dict"] | {"head.window": torch.ones(2).to(kind)}
    content = new | {"state_dict": state, "checksum": checksum(state)}
    assert read_checkpoint(saved(tmp_path, content)).state["head.window"].dtype == kind


def test_a_temperature_of_0_is_refused(tmp_path):
    content = torch.load(FIXTURES / "image_folder.ckpt", weights_only=True)
    path = saved(tmp_path, content | {"chosen": {"temperature": 0.0}})
    with pytest.raises(InputError, match=r"crafted\.ckpt: its temperature is 0\.0"):
        load_task(path)
