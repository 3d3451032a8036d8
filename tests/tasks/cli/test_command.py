"""The command line refuses what cannot be meant: one message, exit code 2, no torch."""

import os
import subprocess
import sys

import hydra
import pytest
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.runs.directory import fingerprint
from tests.conftest import ROOT


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
        (["task=ssd_coc"], "ssd_coco"),
        (["task=ssd_coco", "backbone.alhpa=0.5"], "Did you mean 'backbone.alpha'?"),
        (["task=ssd_coco", "alpha=0.5"], "Did you mean 'backbone.alpha'"),
        (["task=ssd_coco", "backbone.alpha=big"], "backbone.alpha must be a number"),
        (["task=ssd_coco", "backbone.alpha=0"], "backbone.alpha must be above zero"),
        (["task=ssd_coco", "data.batch_size=1.5"], "data.batch_size must be a whole number"),
        (["task=ssd_coco", "augment=maybe"], "augment must be true or false"),
        (["task=ssd_coco", "size=[1,2,3]"], "size is one number or [height, width]"),
        (["task=ssd_coco", "data.batch_size=a=b"], "mismatched input"),
        (["task=ssd_coco", "mode=fast"], "sample"),
        (["task=ssd_coco", "data.root=${nowhere}"], "nowhere"),
        (["task=ssd_coco", "data.kind=faces"], "needs data of kind 'detection'"),
        (["task=ssd_coco", "data.root=/no/such/place"], "mode=sample"),
        (["task=ssd_coco", "data.root=/no/such/place"], "images.cocodataset.org"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_gets_one_message_and_exit_code_2(run, arguments, said):
    answer = run(*arguments)
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert answer.err.startswith("error: ")


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


@pytest.mark.parametrize("task", sorted(p.stem for p in (ROOT / "conf/task").glob("*.yaml")))
@pytest.mark.parametrize("mode", sorted(p.stem for p in (ROOT / "conf/mode").glob("*.yaml")))
def test_every_task_composes_in_every_mode(task, mode):
    """Resolved to plain values, with nothing missing."""
    with hydra.initialize_config_module("conf", version_base="1.3"):
        config = hydra.compose("config", [f"task={task}", f"mode={mode}"])
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


def test_the_same_run_whatever_has_no_influence():
    def name(*options: str) -> str:
        with hydra.initialize_config_module("conf", version_base="1.3"):
            config = hydra.compose("config", ["task=ssd_coco", *options])
        return fingerprint(OmegaConf.create(OmegaConf.to_container(config, resolve=True)))

    assert name() == name("fresh=true") == name("data.workers=3") == name("paths.runs=elsewhere")
    assert len({name(), name("seed=1"), name("backbone.alpha=0.5"), name("mode=sample")}) == 4


def test_hydra_full_error_shows_the_traceback(run, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(InputError, match="above zero"):
        run("task=ssd_coco", "backbone.alpha=0")
