"""Many runs from one command: what the jobs are, and that nothing stops the others."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import hydra
import pytest

from tasks.cli.flags import parse_flags
from tasks.cli.jobs import combinations, is_sweep, shared_options
from tests.conftest import ROOT, Answer, wait_for

TASK = ["task=image_folder", "backbone.alpha=0.5"]


def command(tmp_path, *arguments: str) -> list[str]:
    """The stand-in's command line."""
    stand_in = [sys.executable, "-m", "tests.tasks.cli.stand_in"]
    return [*stand_in, *TASK, f"paths.runs={tmp_path / 'runs'}", *arguments]


def sweep(tmp_path, *arguments: str, code: int = 0) -> Answer:
    """A sweep of the stand-in, which ends with `code`."""
    answer = subprocess.run(
        command(tmp_path, *arguments), cwd=ROOT, capture_output=True, text=True, timeout=200
    )
    assert answer.returncode == code, answer.stderr
    return Answer(answer.returncode, answer.stdout, answer.stderr)


def runs(tmp_path) -> dict[int, dict]:
    """Of each run directory by its seed: its name, its status and how often it began."""
    found = {}
    for path in (tmp_path / "runs" / "image_folder").iterdir():
        seed = next(
            int(line.split()[1])
            for line in (path / "config.yaml").read_text().splitlines()
            if line.startswith("seed:")
        )
        state = json.loads((path / "status.json").read_text())["state"]
        found[seed] = {
            "name": path.name,
            "state": state,
            "began": len((path / "began").read_text()),
        }
    return found


@pytest.mark.slow
def test_a_failing_and_a_refused_job_leave_the_others_alone_and_are_named(tmp_path):
    answer = sweep(tmp_path, "-m", "seed=13,1", "data.batch_size=4,-4", code=1)
    assert "error: thirteen is unlucky" in answer.err
    assert answer.err.count("data.batch_size=-4: must be a whole number from 1") == 2
    assert "Traceback" not in answer.err
    assert {seed: run["state"] for seed, run in runs(tmp_path).items()} == {
        13: "failed",
        1: "finished",
    }
    lines = answer.out.splitlines()
    assert lines[-1] == "1 of 4 finished"
    ends = sorted(line.split("  ")[0] for line in lines[-5:-1])
    assert ends == ["failed with exit code 2", "finished", "refused", "refused"]
    (finished,) = (line for line in lines[-5:-1] if line.startswith("finished"))
    assert "seed=1 data.batch_size=4" in finished
    assert "top1 10.0" in finished
    assert runs(tmp_path)[1]["name"] in finished


@pytest.mark.slow
def test_an_option_that_does_not_compose_is_one_jobs_matter(tmp_path):
    answer = sweep(tmp_path, "-m", "optimizer=nosuch,sgd", code=1)
    assert "error in optimizer=nosuch: " in answer.err
    assert "optimizer=nosuch: there is no such choice" in answer.err
    assert answer.out.splitlines()[-1] == "1 of 2 finished"


@pytest.mark.slow
def test_a_damaged_result_is_one_jobs_matter(tmp_path):
    sweep(tmp_path, "-m", "seed=1,2,3,6,7")
    damaged = {}
    for seed, content in {1: b"[]", 2: b"{}", 3: b"", 6: b"\xff"}.items():
        path = tmp_path / "runs/image_folder" / runs(tmp_path)[seed]["name"] / "result.json"
        path.write_bytes(content)
        damaged[seed] = path
    answer = sweep(tmp_path, "-m", "seed=1,2,3,6,7,8", code=1)
    for seed, path in damaged.items():
        assert f"error in seed={seed}: {path} is damaged" in answer.err
    assert "Traceback" not in answer.err
    assert answer.out.splitlines()[-1] == "2 of 6 finished"


@pytest.mark.slow
def test_killed_and_run_again_a_sweep_goes_on_where_it_was(tmp_path):
    options = ("-m", "seed=1,2,3", f"paths.data={tmp_path / 'hang'}")
    first = subprocess.Popen(command(tmp_path, *options), cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_for(first, lambda: 2 in runs_begun(tmp_path))
    first.kill()
    first.wait()
    before = runs(tmp_path)
    assert {seed: run["state"] for seed, run in before.items()} == {1: "finished", 2: "running"}
    wait_for_end(pid_of(tmp_path, before[2]["name"]))  # the job went with its sweep

    answer = sweep(tmp_path, *options)
    assert "sweep of 3 jobs, 2 to run" in answer.out
    assert answer.out.splitlines()[-1] == "3 of 3 finished"
    after = runs(tmp_path)
    assert {seed: run["began"] for seed, run in after.items()} == {1: 1, 2: 2, 3: 1}
    assert {run["state"] for run in after.values()} == {"finished"}
    again = sweep(tmp_path, *options)
    assert "sweep of 3 jobs, 0 to run" in again.out
    assert runs(tmp_path) == after


@pytest.mark.slow
def test_an_interrupt_ends_the_job_and_the_sweep(tmp_path):
    line = command(tmp_path, "-m", "seed=2,3", f"paths.data={tmp_path / 'hang'}")
    process = subprocess.Popen(
        line,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # what runs in the background of a script inherits that interrupts are ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for(process, lambda: 2 in runs_begun(tmp_path))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert b"the same command continues from here" in errors
    assert output.splitlines()[-1] == b"0 of 2 finished"
    assert {seed: run["state"] for seed, run in runs(tmp_path).items()} == {2: "interrupted"}


@pytest.mark.slow
def test_sigterm_ends_the_job_and_the_sweep(tmp_path):
    line = command(tmp_path, "-m", "seed=2,3", f"paths.data={tmp_path / 'hang'}")
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(process, lambda: 2 in runs_begun(tmp_path))
    process.terminate()  # the sweep alone, as a scheduler does
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 143
    assert errors.splitlines()[-1] == b"terminated: the same command continues from here"
    assert output.splitlines()[-1] == b"0 of 2 finished"
    assert {seed: run["state"] for seed, run in runs(tmp_path).items()} == {2: "interrupted"}


@pytest.mark.slow
def test_a_job_that_leaves_no_result_is_not_finished(tmp_path):
    answer = sweep(tmp_path, "-m", "seed=4,5", code=1)
    lines = answer.out.splitlines()
    assert lines[-1] == "1 of 2 finished"
    assert sorted(line.split("  ")[0] for line in lines[-3:-1]) == [
        "ended without a result",
        "finished",
    ]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("optimizer.lr=interval(0,1)", "a sweep needs single values"),
        ("seed=glob(*)", "it has no values"),
        ("seed=range(0,0)", "it has no values"),
        ("seed=range(100000000)", "more than 10,000 values"),
        ("optimizer=glob(no_such*)", "it has no values"),
    ],
)
def test_what_is_no_list_of_values_is_said(run, override, words):
    answer = run("-m", *TASK, override, code=2)
    assert words in answer.err


def test_a_folder_of_a_sweep_that_cannot_be_made_is_named(run, tmp_path):
    (tmp_path / "file").touch()
    answer = run("-m", *TASK, "seed=0,1", f"hydra.sweep.dir={tmp_path / 'file'}", code=2)
    assert "is a file where a folder is needed" in answer.err


def test_a_pattern_stands_for_the_files_of_a_group():
    with hydra.initialize_config_module("conf", version_base="1.3"):
        jobs = combinations(parse_flags(["-m", "optimizer=glob(sgd_f*)"]), [])
    assert jobs == [["optimizer=sgd_faster_rcnn"], ["optimizer=sgd_fpnlite"]]


def runs_begun(tmp_path) -> dict[int, dict]:
    """`runs`, while they come into being."""
    try:
        return runs(tmp_path)
    except (FileNotFoundError, ValueError, StopIteration):
        return {}


def pid_of(tmp_path, name: str) -> int:
    """The process that a run directory was last held by."""
    return json.loads((tmp_path / "runs/image_folder" / name / "status.json").read_text())["pid"]


def wait_for_end(pid: int) -> None:
    """Until a process is gone; a minute at most."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} is still there")


@pytest.mark.slow
def test_fresh_runs_finished_jobs_again(tmp_path):
    sweep(tmp_path, "-m", "seed=1")
    answer = sweep(tmp_path, "-m", "seed=1", "fresh=true")
    assert "1 to run" in answer.out
    assert {run["state"] for run in runs(tmp_path).values()} == {"finished"}


@pytest.mark.slow
def test_configurations_that_come_out_the_same_are_one_job(tmp_path):
    answer = sweep(tmp_path, "-m", "backbone.alpha=0.5,0.50")
    assert answer.out.splitlines()[-1] == "1 of 1 finished"


@pytest.mark.slow
def test_jobs_go_where_hydras_launcher_puts_them(tmp_path):
    answer = sweep(tmp_path, "-m", "seed=1,13", "hydra/launcher=submitit_local", code=1)
    assert "Traceback" not in answer.err
    assert {seed: run["state"] for seed, run in runs(tmp_path).items()} == {
        1: "finished",
        13: "failed",
    }
    assert answer.out.splitlines()[-1] == "1 of 2 finished"
    assert list((tmp_path / "runs" / ".submitit").glob("*/*.pkl"))


def test_another_sweeper_is_refused(run, tmp_path):
    answer = run("-m", *TASK, "hydra/sweeper=nosuch", code=2)
    assert "nosuch" in answer.err


@pytest.mark.parametrize(
    ("arguments", "many"),
    [
        (["task=a"], False),
        (["-m", "task=a"], True),
        (["task=a", "--multirun"], True),
        (["+table=10", "mode=sample"], True),
        (["task=a", "hydra.mode=MULTIRUN"], True),
    ],
)
def test_what_is_a_sweep(arguments, many):
    assert is_sweep(parse_flags(arguments)) == many


def test_all_jobs_share_the_search_path_and_hydras_options():
    line = ["-m", "--config-dir", "mine", "task=a", "hydra/launcher=joblib", "seed=1,2"]
    place = f"hydra.searchpath=['file://{Path('mine').absolute()}']"
    assert shared_options(parse_flags(line)) == ["hydra/launcher=joblib", place]


def test_a_table_is_a_sweep_of_its_rows(run, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr("tasks.cli.sweep.launch", lambda jobs, *_: started.extend(jobs))
    options = ("mode=sample", "seed=3", f"paths.runs={tmp_path}", "backbone.weights=keras")
    run("+table=10", *options, code=1)  # since none of them has run
    networks = [(job.directory.config.backbone.alpha, job.directory.config.size) for job in started]
    assert networks == [(1.0, 224), (0.75, 224), (1.0, 192), (0.75, 192)]
    assert {job.directory.config.data.name for job in started} == {"stanford_dogs"}
    assert {job.directory.config.seed for job in started} == {3}
    assert {job.directory.config.backbone.weights for job in started} == {"keras"}


@pytest.mark.parametrize(
    ("tables", "tasks"),
    [
        ("5,11", ["imagenet", "imagenet", "planet"]),  # not one for each distance
        ("6,7", ["imagenet"] * 7),  # of eight rows, one is in both
        ("13", ["ssd_coco", "faster_rcnn_coco", "faster_rcnn_coco"]),
    ],
)
def test_rows_of_one_configuration_are_one_job(run, tmp_path, monkeypatch, tables, tasks):
    started = []
    monkeypatch.setattr("tasks.cli.sweep.launch", lambda jobs, *_: started.extend(jobs))
    run(f"+table={tables}", f"paths.runs={tmp_path}", code=1)
    assert [job.directory.config.task.name for job in started] == tasks


def test_an_unknown_table_is_named(run):
    answer = run("+table=3", code=2)
    assert "table=3: there is no such choice" in answer.err
