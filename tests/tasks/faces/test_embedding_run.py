"""Face embeddings from the command line: identities, a teacher, a student, and errors."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tasks import predict
from tasks.faces import verify
from tests.conftest import call
from tests.tasks.faces.face_files import write_folders, write_lfw


def options(tmp_path: Path, **changes: object) -> list[str]:
    """Options of a run that takes seconds."""
    chosen = {
        "task": "face_embedding",
        "data": "face_folders",
        "data.root": tmp_path / "faces",
        "data.verification.root": tmp_path / "lfw",
        "data.verification.box": "null",
        "data.val_fraction": 0.3,
        "data.workers": 0,
        "data.batch_size": 8,
        "backbone.alpha": 0.25,
        "size": 32,
        "optimizer.ema_decay": "null",
        "optimizer.lr": 3e-3,
        "task.module.margin.scale": 16.0,
        "task.module.margin.margin": 0.1,
        "trainer.max_epochs": 2,
        "trainer.log_every_n_steps": 1,
        "trainer.enable_progress_bar": "false",
        "paths.runs": tmp_path / "runs",
        "paths.cache": tmp_path / "cache",
    }
    return [f"{k}={v}" for k, v in (chosen | changes).items()]


@pytest.fixture
def faces(tmp_path) -> Path:
    """24 people with four pictures each, LFW's layout, and a folder without identities."""
    write_folders(tmp_path / "faces/train", {f"p{i}": 4 for i in range(24)})
    write_folders(tmp_path / "unlabelled/images", {f"p{i}": 4 for i in range(12)})
    write_lfw(tmp_path / "lfw", folds=3, count=4)
    return tmp_path


def finished(tmp_path: Path) -> tuple[Path, dict]:
    """The newest run's folder and result."""
    path = max(tmp_path.glob("runs/face_embedding/*/result.json"), key=lambda p: p.stat().st_mtime)
    return path.parent, json.loads(path.read_text())


def test_from_identities_to_a_distilled_student(run, faces):
    run(*options(faces), pictures=True)
    teacher, result = finished(faces)
    assert result["metrics"].keys() >= {"accuracy", "accuracy_stderr", "tar_at_far_1e-4", "auc"}
    assert "pairs.txt" in result["data"]
    state = torch.load(teacher / "best.ckpt", weights_only=True)
    assert state["state_dict"]["margin.centres"].shape == (17, 128)
    groups = state["optimizer_states"][0]["param_groups"]
    trained = {name for group in groups for name in [group["name"]]}
    assert trained == {"trunk", "trunk/no_decay", "head", "head/no_decay"}
    assert state["labels"]["names"] == []
    assert (teacher / "plots/roc.png").is_file()

    # the same photographs again, from the checkpoint alone
    output = faces / "verified"
    again = verify.verify(teacher / "best.ckpt", faces / "lfw", None, output)
    assert again["metrics"] == pytest.approx(result["metrics"], abs=1e-5)

    # a student of it, from the same data: no class centres
    run(*options(faces), "distill=teacher", f"distill.teacher={teacher / 'best.ckpt'}")
    student, taught = finished(faces)
    assert student != teacher
    assert not [k for k in torch.load(student / "best.ckpt")["state_dict"] if "margin" in k]
    assert taught["metrics"]["teacher_cosine"] <= 1
    assert taught["baselines"]["teacher"]["accuracy"] == pytest.approx(
        result["metrics"]["accuracy"], abs=0.05
    )

    asked = [student / "best.ckpt", faces / "faces/train/p3", "--output", faces / "answers"]
    call(predict.main, *asked)
    answers = json.loads((faces / "answers/predictions.json").read_text())
    assert len(answers) == 4
    assert all(np.linalg.norm(a["embedding"]) == pytest.approx(1, abs=1e-4) for a in answers)


def cache(faces: Path, dimension: int = 128) -> Path:
    """Random embeddings for the unlabelled pictures."""
    images = faces / "unlabelled/images"
    names = sorted(p.relative_to(images).as_posix() for p in images.rglob("*.jpg"))
    values = np.random.default_rng(0).normal(size=(len(names), dimension))
    np.savez(faces / "outputs.npz", name=np.array(names), embedding=values)
    return faces / "outputs.npz"


def unlabelled(faces: Path, **changes: object) -> list[str]:
    return options(
        faces,
        **{
            "data": "unlabelled_faces",
            "data.root": faces / "unlabelled",
            "data.list": "null",
            "data.val_fraction": 0.2,
            "trainer.max_epochs": 1,
        }
        | changes,
    )


def test_without_identities_the_teacher_picks_the_weights(run, faces):
    outputs = cache(faces)
    run(*unlabelled(faces), "distill=cached", f"distill.outputs={outputs}")
    folder, result = finished(faces)
    rows = (folder / "metrics.csv").read_text()
    assert "val/teacher_cosine" in rows
    assert "val/accuracy" not in rows
    assert "teacher_cosine" not in result["metrics"], "of the pairs' images the file knows nothing"
    assert "accuracy" in result["metrics"]


@pytest.mark.parametrize(
    ("changes", "more", "said"),
    [
        ({}, [], "the training images have no identities, so a teacher must give"),
        ({"data.monitor": "accuracy"}, ["distill=cached"], "the validation images have no iden"),
        (
            {},
            ["distill=cached", "narrow"],
            "returns 64 values per image, but the student returns 128",
        ),
        ({}, ["distill=cached", "distill.weight=0.5"], "have no identities"),
    ],
)
def test_what_cannot_be_learnt_or_scored(run, faces, changes, more, said):
    outputs = cache(faces, 64 if "narrow" in more else 128)
    more = [x for x in more if x != "narrow"]
    more += [f"distill.outputs={outputs}"] if more else []
    answer = run(*unlabelled(faces, **changes), *more, code=2)
    assert said in answer.err
