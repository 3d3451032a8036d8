"""The command line refuses what cannot be meant: one message, exit code 2, no torch."""

import json
import os
import signal
import subprocess
import sys

import hydra
import pytest
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.runs.directory import fingerprint
from tests.conftest import ROOT, wait_for


def python(*arguments: str) -> subprocess.CompletedProcess:
    """Run a module as a user does, and note whether torch was imported."""
    probe = (
        "import atexit, sys, runpy\n"
        "atexit.register(lambda: print('TORCH', 'torch' in sys.modules, file=sys.stderr))\n"
        "module, sys.argv = sys.argv[1], sys.argv[1:]\n"
        "runpy.run_module(module, run_name='__main__', alter_sys=True)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", probe, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["task=ssd_coco", "--cfg", "job"]], ids=str)
def test_help_and_config_answer_without_torch(arguments):
    answer = python("tasks.run", *arguments)
    assert answer.returncode == 0, answer.stderr
    assert "backbone" in answer.stdout
    assert "TORCH False" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "add task=NAME, one of face_attributes, face_embedding"),
        (["task=ssd_coc"], "task=ssd_coc: there is no such choice; did you mean task=ssd_coco?"),
        (["ssd_coco"], "ssd_coco: options are written KEY=VALUE; did you mean task=ssd_coco?"),
        (["task=imagenet", "backbone=resnet50"], "use backbone=timm backbone.name=resnet50"),
        (["task=ssd_coco", "backbone.alhpa=0.5"], "Did you mean backbone.alpha?"),
        (["task=ssd_coco", "alpha=0.5"], "Did you mean backbone.alpha"),
        (["task=ssd_coco", "backbone.alpha=big"], "backbone.alpha=big: must be a number above 0"),
        (["task=ssd_coco", "backbone.alpha=0"], "backbone.alpha=0: must be a number above 0"),
        (
            ["task=ssd_coco", "data.batch_size=1.5"],
            "data.batch_size=1.5: must be a whole number from 1",
        ),
        (["task=ssd_coco", "augment=maybe"], "augment=maybe: must be true or false"),
        (
            ["task=ssd_coco", "size=[1,2,3]"],
            "size=[1,2,3]: must be a whole number from 32 to 4,096, or [height,width]",
        ),
        (["task=ssd_coco", "data.batch_size=a=b"], "mismatched input"),
        (["task=ssd_coco", "mode=fast"], "sample"),
        (["task=ssd_coco", "data.root=${nowhere}"], "nowhere"),
        (["task=ssd_coco", "data.kind=faces"], "needs data of kind 'detection'"),
        (
            ["task=ssd_coco", "mode=evaluate", "trainer.max_epochs=1"],
            "leave out trainer.",
        ),
        (
            ["task=ssd_coco", "mode=evaluate", "early_stop.patience=1"],
            "mode=evaluate trains nothing",
        ),
        (["task=5"], "task=5: must be a name, one of face_attributes, "),
        (["task=ssd_coco", "mode=[full]"], "mode=[full]: must be a name, one of evaluate, "),
        (["task=ssd_coco", "data.root=/my data (1)"], "'data.root=\"/my data (1)\"'"),
        (["task=ssd_coco", "data.root=a,b"], "Add -m to run each"),
        (["task=ssd_coco", "data.root"], "options are written KEY=VALUE"),
        (["task=ssd_coco", "hydra.foo=1"], "a single run does not read it"),
        (["task=ssd_coco", "hydra.searchpath=[file:///nope]"], "there is no folder '/nope'"),
        (["+table=[10,11]"], "+table=10,11"),
        (["+table=13", "task=image_folder"], "leave out task=, or +table="),
        (["+table=abc", "task=ssd_coco"], "table=abc: there is no such choice"),
        (["task=ssd_coco", "--info", "nope"], "the flags are --help"),
        (["task=ssd_coco", "--epochs", "3"], "options are written KEY=VALUE, without dashes"),
        (["task=ssd_coco", "--cfg", "job", "--package", "nope"], "no such node"),
        (["task=ssd_coco", "--resolve"], "add --cfg job"),
        (
            ["task=ssd_coco", "optimizer=../optimizer/sgd"],
            "sgd: must be a name",
        ),
        (["task=ssd_coco", "+optimizer@a.b=sgd"], "leave out @"),
        (["task=ssd_coco", "backbone=null"], "backbone=null: must be a name, one of mobilenet_v1"),
        (["task=ssd_coco", "trainer=null"], "trainer=null: must be a name"),
        (["task=ssd_coco", "~optimizer"], "optimizer"),
        (["task=ssd_coco", "+ckpt_path=x"], "ckpt_path=x: not taken here"),
        (["task=ssd_coco", "data.root=/no/such/place"], "mode=sample"),
        (["task=ssd_coco", "data.root=/no/such/place"], "images.cocodataset.org"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_gets_one_message_and_exit_code_2(run, arguments, said):
    answer = run(*arguments, code=2)
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert answer.err.startswith("error: ")


def test_code_from_elsewhere_is_refused(run, tiny):
    answer = run(*tiny, "backbone._target_=os.system", code=2)
    assert answer.err.startswith("error: ")
    assert "os.system" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [["task=ssd_coco", "backbone.alhpa=0.5"], ["task=ssd_coco", "data.root=/no/such/place"]],
    ids=["misspelt", "missing data"],
)
def test_a_mistake_is_answered_without_torch(arguments):
    answer = python("tasks.run", *arguments)
    assert answer.returncode == 2
    assert "TORCH False" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["task=ssd_coco", "--cfg", "job", "--resolve", "--package", "optimizer"],
        ["task=ssd_coco", "--help"],
        ["task=ssd_coco", "+trainer.logger=x", "trainer.max_epochs=-5", "seed=null"],
        ["task=ssd_coco", "optimizer.optimizer._target_=torch.optim.Nope"],
        ["-m", "task=ssd_coco", "size=-1,-2"],
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported_to_answer(arguments):
    answer = python("tasks.run", *arguments)
    assert "TORCH False" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_choices_of_a_group_are_indented(run):
    answer = run("task=imagenet", "preprocess=randaugmnt", code=2)
    assert "\n  randaugment\n" in answer.err


@pytest.mark.parametrize("change", ["preprocess=randaugment", "preprocess.erase=0.25"])
def test_a_change_of_images_that_the_mode_turns_off_is_refused(run, change):
    answer = run("task=image_folder", "mode=sample", change, code=2)
    assert f"{change}: augment=false turns off all random changes" in answer.err
    assert "add augment=true" in answer.err


def test_every_wrong_option_is_a_line_of_its_own(run):
    answer = run(
        "task=ssd_coco", "seed=-1", "trainer.precision=foo", "+trainer.callbacks=[]", code=2
    )
    keys = [line.partition("=")[0] for line in answer.err.splitlines()]
    assert keys == ["error: trainer.callbacks", "error: seed", "error: trainer.precision"]


def test_help_lists_the_options_of_a_task_with_what_they_may_be(run):
    answer = run("task=planet", "--help")
    assert "task.module.radii_km=[1.0,25.0,200.0,750.0,2500.0]" in answer.out
    assert "a whole number from 0 to 13" in answer.out


def test_part_of_a_configuration_is_shown(run):
    answer = run("task=ssd_coco", "--cfg", "job", "--package", "trainer")
    assert answer.out.startswith("# @package trainer\n_target_: lightning")
    assert run("--cfg", "hydra").out.startswith("hydra:")
    assert "${paths.data}" not in run("task=ssd_coco", "--cfg", "job", "--resolve").out


def test_a_folder_of_ones_own_configurations(run, tmp_path):
    (tmp_path / "task").mkdir()
    (tmp_path / "task/mine.yaml").write_text("# @package _global_\ndefaults: [planet]\nsize: 77\n")
    answer = run("--config-dir", str(tmp_path), "task=mine", "--cfg", "job", "-p", "size")
    assert answer.out == "77\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_a_signal_ends_a_run_in_order(tmp_path, number, code, word):
    line = [sys.executable, "-m", "tests.tasks.cli.stand_in", "task=image_folder", "seed=2"]
    line += [f"paths.runs={tmp_path}", f"paths.data={tmp_path / 'hang'}"]
    process = subprocess.Popen(
        line,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # what runs in the background of a script inherits that interrupts are ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for(process, lambda: list(tmp_path.glob("*/*/began")))
    process.send_signal(number)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == code
    assert errors == f"{word}: the same command continues from here\n"
    (status,) = tmp_path.glob("*/*/status.json")
    assert json.loads(status.read_text())["state"] == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize("task", sorted(p.stem for p in (ROOT / "conf/task").glob("*.yaml")))
@pytest.mark.parametrize("mode", sorted(p.stem for p in (ROOT / "conf/mode").glob("*.yaml")))
def test_every_task_composes_in_every_mode(task, mode):
    """Resolved to plain values, with nothing missing but the parts of a joint task."""
    parts = ["task.parts=[planet]", "+parts={}"] if task == "joint" else []
    with hydra.initialize_config_module("conf", version_base="1.3"):
        config = hydra.compose("config", [f"task={task}", f"mode={mode}", *parts])
    resolved = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert resolved["task"]["name"] == task
    assert resolved["mode"] == mode
    assert resolved["task"]["kind"] == resolved["data"]["kind"]


def test_precedence_is_command_line_then_mode_then_task():
    with hydra.initialize_config_module("conf", version_base="1.3"):
        task = hydra.compose("config", ["task=ssd_coco"])
        mode = hydra.compose("config", ["task=ssd_coco", "mode=sample"])
        line = hydra.compose("config", ["task=ssd_coco", "mode=sample", "size=128"])
    assert task.optimizer.optimizer._target_ == "timm.optim.RMSpropTF"
    assert mode.optimizer.optimizer._target_ == "torch.optim.AdamW"
    assert (task.size, mode.size, line.size) == (300, task.task.sample.size, 128)


@pytest.mark.slow
def test_the_same_run_whatever_has_no_influence():
    def name(*options: str) -> str:
        with hydra.initialize_config_module("conf", version_base="1.3"):
            config = hydra.compose("config", ["task=ssd_coco", *options])
        return fingerprint(OmegaConf.create(OmegaConf.to_container(config, resolve=True)))

    assert name() == name("fresh=true") == name("data.workers=3") == name("paths.runs=elsewhere")
    assert len({name(), name("seed=1"), name("backbone.alpha=0.5"), name("mode=sample")}) == 4


def test_hydra_full_error_shows_the_traceback(run, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(InputError, match="a number above 0"):
        run("task=ssd_coco", "backbone.alpha=0")
