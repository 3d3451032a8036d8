"""The command: what it leaves behind when it succeeds, when the gate fails, and for bad input."""

import ast
import errno
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.tasks.conftest import CHECKPOINTS
from tests.tasks.export.test_inference import script

CHECKPOINT = CHECKPOINTS / "ssd_coco.ckpt"


@pytest.fixture
def written_before(monkeypatch, detector_file):
    """The file need not be written again: that takes long, and it is the same."""
    from tasks.export import onnx

    monkeypatch.setattr(
        onnx, "write_onnx", lambda model, path, *_: shutil.copy(detector_file, path)
    )


@pytest.mark.slow
def test_a_file_that_is_right_is_kept_with_its_description(
    export, written_before, sample, tmp_path
):
    answer = export(CHECKPOINT, f"photos={sample / 'train2017'}", f"output={tmp_path / 'out'}")
    assert "0 missed" in answer.out
    folder = tmp_path / "out"
    assert {path.name for path in folder.iterdir()} == {"model.onnx", "model.json", "parity.json"}
    parity = json.loads((folder / "parity.json").read_text())
    assert parity["passed"]
    assert parity["photographs"] == 24
    assert list(parity["by_images_per_call"]) == ["1", "3"]
    described = json.loads((folder / "model.json").read_text())
    assert described["input"]["shape"] == ["N", 96, 96, 3]
    assert described["outputs"]["boxes"]["shape"] == ["N", 100, 4]
    assert described["labels"]["names"][:2] == ["person", "bicycle"]
    digest = hashlib.sha256(CHECKPOINT.read_bytes()).hexdigest()
    assert described["checkpoint"] == {"file": "ssd_coco.ckpt", "sha256": digest}
    assert str(tmp_path) not in json.dumps(described)

    # the README's script needs nothing else
    file = tmp_path / "script.py"
    file.write_text(script())
    (folder / "model.json").write_text(json.dumps(described | {"chosen": {"threshold": 0.05}}))
    photograph = next((sample / "train2017").glob("*.jpg"))
    done = subprocess.run(
        [sys.executable, file, folder, photograph], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = [ast.literal_eval(line) for line in done.stdout.splitlines()[1:]]
    assert rows
    assert {row[0] for row in rows} <= set(described["labels"]["names"])


@pytest.mark.slow
def test_the_runs_card_comes_along_and_goes_with_the_file(
    export, written_before, sample, tmp_path, monkeypatch
):
    from tasks.export import gate

    checkpoint = shutil.copy(CHECKPOINT, tmp_path / "best.ckpt")
    card, copied = tmp_path / "card.md", tmp_path / "onnx" / "card.md"
    card.write_text("# of the run\n")
    export(checkpoint, photos := f"photos={sample / 'train2017'}")
    assert copied.read_text().startswith("# of the run\n\n## Exported\n\n`model.onnx` holds")
    assert "0 missed" in copied.read_text()
    export(checkpoint, photos, f"output={tmp_path}")
    assert card.read_text() == "# of the run\n"
    other = tmp_path / "other"  # a folder with a card that no export has written
    other.mkdir()
    (other / "card.md").write_text("mine")
    export(checkpoint, photos, f"output={other}")
    assert (other / "card.md").read_text() == "mine"
    monkeypatch.setattr(gate, "compare", lambda *_: {"boxes": {"passed": False, "largest": None}})
    export(checkpoint, photos, code=1)
    assert card.is_file()
    assert not copied.exists()


@pytest.mark.slow
def test_of_a_file_that_is_off_only_the_report_is_left(
    export, written_before, sample, tmp_path, monkeypatch
):
    from tasks.export.onnx import OnnxFile

    right = OnnxFile.run

    def off(self, images):
        found = right(self, images)
        return found | {"boxes": found["boxes"] + 0.02}

    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "model.onnx").write_text("of an earlier export")
    (folder / "mine.txt").write_text("mine")
    monkeypatch.setattr(OnnxFile, "run", off)
    answer = export(CHECKPOINT, f"photos={sample / 'train2017'}", f"output={folder}", code=1)
    assert "parity.json" in answer.err
    assert {path.name for path in folder.iterdir()} == {"mine.txt", "parity.json"}
    report = json.loads((folder / "parity.json").read_text())
    assert not report["passed"]
    assert report["by_images_per_call"]["1"]["boxes"]["missed"] > 0


@pytest.mark.slow
def test_bad_input_is_named_and_writes_nothing(export, sample, images, tmp_path):
    def refused(*arguments):
        answer = export(*arguments, code=2)
        return answer.err

    folder, output = sample / "train2017", f"output={tmp_path / 'out'}"
    foreign = tmp_path / "foreign.ckpt"
    torch.save({"state_dict": {}}, foreign)
    assert "not a checkpoint of this suite" in refused(foreign, f"photos={folder}", output)
    assert "no such checkpoint" in refused(tmp_path / "none.ckpt", f"photos={folder}", output)
    few = images(tmp_path / "few", ["1.jpg", "2.jpg"])
    assert "2 photographs, and the check takes at least 20" in refused(
        CHECKPOINT, f"photos={few}", output
    )
    broken = images(tmp_path / "broken", [f"{i}.jpg" for i in range(20)])
    (broken / "7.jpg").write_text("no photograph")
    assert "7.jpg" in refused(CHECKPOINT, f"photos={broken}", output)
    assert "No such file" in refused(CHECKPOINT, f"photos={tmp_path / 'none'}", output)
    assert "config.yaml" in refused(CHECKPOINT, output)
    (tmp_path / "file").write_text("")
    assert "cannot write" in refused(
        CHECKPOINT, f"photos={folder}", f"output={tmp_path / 'file' / 'out'}"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_if_the_disk_is_full_in_the_end_the_earlier_export_stays(
    export, written_before, sample, tmp_path, monkeypatch
):
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("model.onnx", "model.json", "parity.json"):
        (folder / name).write_text("earlier")
    write = Path.write_text

    def full(path, text, **given):
        if "parity" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, text, **given)

    monkeypatch.setattr(Path, "write_text", full)
    answer = export(CHECKPOINT, f"photos={sample / 'train2017'}", f"output={folder}", code=2)
    assert "make room" in answer.err
    assert {path.name: path.read_text() for path in folder.iterdir()} == dict.fromkeys(
        ("model.onnx", "model.json", "parity.json"), "earlier"
    )


def test_data_of_other_code_is_not_built(tmp_path):
    from backbone.errors import InputError
    from tasks.export.run_data import run_config

    (tmp_path / "config.yaml").write_text("data: {module: {_target_: os.system, a: {}}}")
    with pytest.raises(InputError, match=r"os\.system, which is not part of this suite"):
        run_config(SimpleNamespace(path=tmp_path / "best.ckpt"))
    (tmp_path / "config.yaml").write_text("data: [")
    with pytest.raises(InputError, match="is damaged"):
        run_config(SimpleNamespace(path=tmp_path / "best.ckpt"))


@pytest.mark.slow
def test_by_default_the_runs_own_validation_images_are_taken(detector):
    from tasks.export.run_data import run_data
    from tasks.training.checkpoints import read_checkpoint

    data = run_data(read_checkpoint(detector.path / "best.ckpt"))
    assert len(data.datasets[data.reported]) == 9
