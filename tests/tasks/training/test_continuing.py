"""Finished runs that are given more epochs, and checkpoints that are gone on from elsewhere."""

import csv
import json
import shutil
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.cli.configuration import check_config, compose_config
from tasks.runs.directory import RunDirectory
from tasks.runs.lineage import MAY_CHANGE, MAY_NOT, Lineage, refused_change
from tasks.training.continuing import source_of
from tests.conftest import ROOT, assert_same_weights, kill_at, result_of, start, tiny_options
from tests.tasks.training.test_several_processes import finish

pytestmark = pytest.mark.slow


def longer(runs: Path, before: Path) -> Path:
    """The one run directory that was not there before."""
    (path,) = (p for p in (runs / "ssd_coco").iterdir() if p.name != before.name)
    return path


@pytest.fixture
def two(detector, sample, tmp_path):
    """Options in two folders that hold the finished run of two epochs, six steps each."""

    def options(name: str) -> tuple[list[str], Path]:
        folder = tmp_path / name
        shutil.copytree(detector.runs, folder / "runs")
        return tiny_options(sample, folder), folder / "runs"

    return options


def test_a_finished_run_goes_on_and_ends_the_same_when_it_is_killed(run, detector, two):
    options, runs = two("whole")
    answer = run(*options, "trainer.max_epochs=4")
    assert "after 2 epochs; trainer.max_epochs: 2 -> 4 changed" in answer.out
    # the middle of a cosine after a warm-up; that of two epochs had ended at 0
    said = answer.out.partition("planned anew for 4 epochs: the learning rate continues at ")[2]
    assert 0.0003 < float(said.partition(";")[0]) < 0.0006
    assert said.partition("\n")[0].endswith("it had ended at 0")
    whole = longer(runs, detector.path)
    assert result_of(whole)["steps"] == 24
    assert result_of(whole)["continued_from"].endswith(f"{detector.path.name}/last.ckpt")
    names = [(row["step"], row["name"]) for row in csv.DictReader((whole / "metrics.csv").open())]
    assert len(names) == len(set(names))
    assert {step for step, _ in names} == {str(step) for step in range(25)}
    before = runs / "ssd_coco" / detector.path.name
    assert result_of(before) == result_of(detector.path), "it stays as it was"

    options, runs = two("killed")
    command = [*options, "extend=2"]  # the same run in other words
    killed = start([*command, "trainer.checkpoint_minutes=0.0001"])
    kill_at(killed, runs, step="20")
    killed.communicate()
    answer = run(*command)
    assert "continuing" in answer.out
    assert "planned anew" not in answer.out
    other = longer(runs, detector.path)
    assert other.name == whole.name
    assert_same_weights(whole, other)
    assert result_of(other)["metrics"] == result_of(whole)["metrics"]
    last = torch.load(other / "last.ckpt", weights_only=True)
    assert last["ema_updates"] == 24
    assert run(*options).out.count("network:") == 0, "the run of two epochs is still reported"


def test_a_checkpoint_goes_on_elsewhere_with_what_may_change(run, detector, sample, tmp_path):
    options = tiny_options(sample, tmp_path)
    source = detector.path / "best.ckpt"
    more = ["trainer.max_epochs=3", "trainer.precision=bf16-mixed", "trainer.log_every_n_steps=2"]
    run(*options, f"resume={source}", *more)
    (path,) = (tmp_path / "runs/ssd_coco").iterdir()
    lineage = json.loads((path / "lineage.json").read_text())
    assert lineage["source"] == str(source)
    changed = {text.partition(":")[0] for text in lineage["changed"]}
    assert changed == {"trainer.max_epochs", "trainer.precision", "trainer.log_every_n_steps"}
    assert result_of(path)["steps"] == 18


REFUSED = {
    "data.batch_size=3": "the steps of an epoch would change",
    "size=128": "another network",
    "backbone.alpha=0.5": "another network",
    "optimizer.lr=1.0": "the state of the optimizer",
    "seed=1": "the order of the images",
    "trainer.gradient_clip_val=1.0": "changes what is trained",
}


@pytest.mark.parametrize("option", REFUSED)
def test_what_must_not_change_is_named(run, detector, sample, tmp_path, option):
    source = detector.path / "last.ckpt"
    options = tiny_options(sample, tmp_path)
    answer = run(*options, f"resume={source}", "trainer.max_epochs=3", option, code=2)
    assert f"cannot be continued with {option.partition('=')[0]}=" in answer.err
    assert REFUSED[option] in answer.err
    assert not list(tmp_path.glob("runs/*/*/last.ckpt")), "nothing was taken over"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["resume=nowhere.ckpt"], "nowhere.ckpt: no such checkpoint"),
        (["extend=2"], "extend=2: there is no finished run of this command"),
        (["extend=0"], "extend=0: must be a whole number from 1"),
        (["resume={last}"], "trainer.max_epochs=2 leaves nothing to train"),
        (["extend=1", "resume=none"], "resume=none begins anew"),
    ],
)
def test_what_cannot_be_continued_is_named(run, detector, sample, tmp_path, more, said):
    last = detector.path / "last.ckpt"
    answer = run(
        *tiny_options(sample, tmp_path), *(text.format(last=last) for text in more), code=2
    )
    assert said in answer.err


def test_the_tables_cover_every_option_and_are_documented():
    text = (ROOT / "tasks/README.md").read_text()
    for key, reason in {**MAY_CHANGE, **MAY_NOT}.items():
        assert f"`{key}`" in text, key
        assert reason in text, key
    config = compose_config(["task=ssd_coco", "mode=sample"])
    plain = OmegaConf.to_container(config)
    for key in MAY_CHANGE:
        if key not in ("logger", "trainer.deterministic", "trainer.benchmark",
                       "trainer.detect_anomaly", "trainer.inference_mode",
                       "trainer.val_check_interval"):  # fmt: skip
            node = plain
            for part in key.split("."):
                assert part in node, key
                node = node[part]
    assert refused_change("trainer.precision") is None
    assert refused_change("data.decode") is None
    assert refused_change("data.module.crop") == MAY_NOT["data"]
    assert refused_change("trainer.gradient_clip_val") == "it changes what is trained"
    assert refused_change("parts.pets.data.module.decode") is None
    assert refused_change("parts.pets.data.root") == MAY_NOT["data"]


def finished(folder: Path, *overrides: str) -> Path:
    """The directory of a run that has finished, with nothing in its files but options."""
    config = composed(folder, *overrides)
    path = RunDirectory(config).path
    path.mkdir(parents=True)
    (path / "config.yaml").write_text(OmegaConf.to_yaml(config))
    for name in ("result.json", "last.ckpt"):
        (path / name).write_text("{}")
    return path


def composed(folder: Path, *overrides: str):
    given = ["task=ssd_coco", f"paths.runs={folder}", *overrides]
    return check_config(compose_config(given), given)


def test_more_epochs_may_come_with_other_options_that_may_change(tmp_path):
    first = finished(tmp_path, "trainer.max_epochs=2", "early_stop.patience=1")
    finished(tmp_path, "trainer.max_epochs=2", "seed=1")
    finished(tmp_path, "trainer.max_epochs=3", "early_stop.patience=1")
    more = ["trainer.max_epochs=2", "extend=2", "early_stop.patience=5"]

    def source(*options: str) -> Path | None:
        return source_of(RunDirectory(composed(tmp_path, *more, *options)))

    assert source() == first / "last.ckpt"
    assert source("trainer.precision=bf16-mixed") == first / "last.ckpt"
    with pytest.raises(InputError, match="no finished run of this command"):
        source("optimizer.lr=1.0")
    with pytest.raises(InputError, match="no finished run of this command"):
        source("trainer.max_epochs=1")
    second = finished(tmp_path, "trainer.max_epochs=2", "early_stop.patience=3")
    with pytest.raises(InputError, match="several finished runs") as error:
        source()
    assert str(first) in str(error.value)
    assert str(second) in str(error.value)
    assert source("early_stop.patience=3") == second / "last.ckpt"


def test_a_plan_goes_by_epochs_where_their_steps_have_changed():
    lineage = Lineage("last.ckpt", step=12, epochs=2, changed=[])
    assert lineage.planned(12, steps_per_epoch=6) == 12
    assert lineage.planned(12, steps_per_epoch=3) == 6  # twice the devices
    assert lineage.planned(15, steps_per_epoch=3) == 9
    assert Lineage("last.ckpt", step=8, epochs=None, changed=[]).planned(9, 6) == 9


def test_a_sweep_over_epochs_trains_each_from_the_start(run, monkeypatch):
    from tasks.cli import sweep
    from tasks.cli.jobs import Job

    started: list[Job] = []
    monkeypatch.setattr(sweep, "launch", lambda jobs, *rest: started.extend(jobs))
    run("-m", "task=ssd_coco", "trainer.max_epochs=2,4", "data.root=nowhere", code=1)
    assert [job.overrides[-1] for job in started] == ["resume=none"] * 2
    assert len({str(job.directory.path) for job in started}) == 2


@pytest.mark.usefixtures("alone")
def test_more_devices_go_on_after_a_whole_epoch(detector, sample, tmp_path):
    """Twice the images a step: half the steps an epoch, at twice the learning rate."""
    two = ["trainer.devices=2", "trainer.accelerator=cpu", "trainer.strategy=ddp"]
    source = f"resume={detector.path / 'last.ckpt'}"
    _, errors = finish(
        start([*tiny_options(sample, tmp_path), *two, source, "trainer.max_epochs=3"])
    )
    assert errors == ""
    (path,) = (tmp_path / "runs/ssd_coco").iterdir()
    assert result_of(path)["steps"] == 12 + 3
    last = torch.load(path / "last.ckpt", weights_only=True)
    before = torch.load(detector.path / "last.ckpt", weights_only=True)
    rates = [c["optimizer_states"][0]["param_groups"][0]["initial_lr"] for c in (before, last)]
    assert rates[1] == 2 * rates[0]
    assert last["optimizer_states"][0]["param_groups"][0]["lr"] == pytest.approx(0, abs=1e-9)
    assert last["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"] == 3
