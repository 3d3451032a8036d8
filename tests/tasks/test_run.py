"""The command line on the drawn set: fit, test, report, continue, refuse."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tasks.build import load_task
from tests.conftest import ROOT, kill_at


def only_run(tmp_path: Path) -> Path:
    (path,) = (tmp_path / "runs" / "ssd_coco").iterdir()
    return path


def test_a_run_leaves_everything_a_run_leaves(run, tiny, tmp_path):
    answer = run(*tiny)
    assert answer.code == 0, answer.err
    path = only_run(tmp_path)
    assert path.name.startswith("mobilenetv1-0.25-96-smoke-")
    left = {p.name for p in path.iterdir()} - {".lock"}
    assert left == {
        *("config.yaml", "status.json", "metrics.csv", "last.ckpt", "best.ckpt", "result.json"),
        "plots",
    }
    pictures = {p.name for p in (path / "plots").iterdir()}
    assert pictures == {"learning_curves.png", "precision_recall.png", "predictions.png"}
    assert json.loads((path / "status.json").read_text())["state"] == "finished"
    result = json.loads((path / "result.json").read_text())
    assert {"AP", "AP50", "AP75", "AP_small", "AR100"} <= result["metrics"].keys()
    assert result["cost"]["mult_adds"] > 0
    assert torch.__version__.startswith(result["versions"]["torch"])
    assert "random initialisation" in answer.out
    assert "19.3" in answer.out, "the paper's row stands beside ours"
    names = {row["name"] for row in csv.DictReader((path / "metrics.csv").open())}
    assert {"train/loss", "train/box", "train/classification", "val/AP", "test/AP"} <= names


def test_the_reloaded_best_checkpoint_scores_what_the_run_reported(run, tiny, tmp_path):
    run(*tiny)
    path = only_run(tmp_path)
    task, config = load_task(path / "best.ckpt")
    from hydra.utils import instantiate

    from tasks.detection.evaluation import CocoAP

    data = instantiate(config.data.module)
    data.setup("test")
    metric = CocoAP(data.ground_truth("val", len(data.datasets["val"])))
    with torch.inference_mode():
        for i in range(len(data.datasets["val"])):
            batch = data.collate([data.datasets["val"][i]])
            metric.update(task.predict(batch), batch["image_id"])
    reported = json.loads((path / "result.json").read_text())["metrics"]
    assert metric.compute().metrics == pytest.approx(reported, abs=1e-6)


def test_a_finished_run_is_reported_not_repeated(run, tiny, tmp_path):
    first = run(*tiny)
    path = only_run(tmp_path)
    before = (path / "result.json").stat().st_mtime_ns
    second = run(*tiny)
    assert second.code == 0
    assert (path / "result.json").stat().st_mtime_ns == before
    assert second.out.strip() == first.out[first.out.index("\n\n") :].strip()


def test_fresh_starts_over(run, tiny, tmp_path):
    run(*tiny)
    path = only_run(tmp_path)
    metrics = json.loads((path / "result.json").read_text())["metrics"]
    (path / "plots" / "old.png").touch()
    assert run(*tiny, "fresh=true").code == 0
    assert not (path / "plots" / "old.png").exists()
    assert json.loads((path / "result.json").read_text())["metrics"] == metrics


def start(options: list[str], *more: str) -> subprocess.Popen:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "tasks.run", *options, *more],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen) -> str:
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    return output


@pytest.mark.parametrize("minutes", ["10", "0.0001"], ids=["epoch's end", "within the epoch"])
def test_killed_and_continued_is_bit_identical(tiny, tmp_path, minutes):
    """SIGKILL in mid-epoch, the same command again: the very metrics of an unharmed run."""
    workers = 0 if minutes == "10" else 1
    options = [*tiny, "trainer.max_epochs=4", f"trainer.checkpoint_minutes={minutes}"]
    options.append(f"data.workers={workers}")
    unharmed = start(options, f"paths.runs={tmp_path / 'unharmed'}")
    finish(unharmed)
    killed = start(options, f"paths.runs={tmp_path / 'killed'}")
    kill_at(killed, tmp_path / "killed", step="15")  # epoch 2 of steps 12 to 17
    output = finish(start(options, f"paths.runs={tmp_path / 'killed'}"))
    step = int(output.partition("at step ")[2].split()[0])
    assert step == 12 if minutes == "10" else 12 < step < 18
    results = [
        json.loads(next((tmp_path / name).glob("ssd_coco/*/result.json")).read_text())
        for name in ("unharmed", "killed")
    ]
    assert results[0]["metrics"] == results[1]["metrics"]
    weights = [
        torch.load(next((tmp_path / name).glob("ssd_coco/*/last.ckpt")), weights_only=True)
        for name in ("unharmed", "killed")
    ]
    for key in ("state_dict", "training_state_dict"):
        for name, tensor in weights[0][key].items():
            assert torch.equal(tensor, weights[1][key][name]), f"{key} {name}"
    rows = [
        [
            (row["step"], row["name"], row["value"])
            for row in csv.DictReader(next((tmp_path / n).glob("ssd_coco/*/metrics.csv")).open())
            if not row["name"].startswith("test/")
        ]
        for n in ("unharmed", "killed")
    ]
    assert rows[0] == rows[1]


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_images(run, tiny, tmp_path):
    answer = run(*tiny, "optimizer.lr=1e30", "trainer.gradient_clip_val=null")
    assert answer.code == 2
    assert "not finite" in answer.err
    assert "images" in answer.err
    assert "Traceback" not in answer.err
    path = only_run(tmp_path)
    assert json.loads((path / "status.json").read_text())["state"] == "failed"
    assert not (path / "result.json").exists()


def test_a_second_process_in_the_same_run_is_refused(run, tiny, tmp_path):
    run(*tiny)
    path = only_run(tmp_path)
    hold = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
    hold += "print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(path / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        answer = run(*tiny, "fresh=true")
        holder.stdin.close()
    assert answer.code == 2
    assert "another process" in answer.err
    assert (path / "result.json").exists()


def test_a_truncated_photograph_is_named(run, tiny, sample, tmp_path):
    import shutil

    root = tmp_path / "damaged"
    shutil.copytree(sample, root)
    victim = sorted((root / "train2017").iterdir())[3]
    victim.write_bytes(victim.read_bytes()[:500])
    answer = run(*tiny, f"data.root={root}")
    assert answer.code == 2
    assert victim.name in answer.err
    assert "Traceback" not in answer.err
