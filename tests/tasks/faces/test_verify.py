"""python -m tasks.faces.verify: files of embeddings, checkpoints, and errors."""

import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError
from tasks.faces import verify
from tasks.faces.lfw import load_lfw
from tests.conftest import call, result_of
from tests.tasks.faces.face_files import write_lfw


@pytest.fixture
def lfw(tmp_path):
    return write_lfw(tmp_path / "lfw", folds=3, count=3)


@pytest.fixture
def embeddings(lfw, tmp_path):
    """One direction per person, random lengths, shuffled, and one image too many."""
    index, _ = load_lfw(lfw, lfw / "pairs.txt")
    rng = np.random.default_rng(0)
    values = np.eye(len(index.classes))[index.labels] * rng.uniform(1, 3, (len(index), 1))
    order = rng.permutation(len(index))
    names = index.files.astype(str)[order].tolist()
    path = tmp_path / "embeddings.npz"
    np.savez(
        path,
        name=np.array([*names, "Nobody/Nobody_0001.jpg"]),
        embedding=np.concatenate([values[order], values[:1]]).astype(np.float16),
    )
    return path


def test_embeddings_from_a_file(lfw, embeddings, tmp_path):
    output = tmp_path / "out"
    said = call(verify.main, embeddings, lfw, "--output", output).out
    assert "18 pairs (pairs.txt) of 21 photographs" in said
    assert "accuracy         100.00" in said
    assert "of 9 mismatched pairs: FAR 1e-2 is 0" in said
    result = result_of(output)
    assert result["metrics"]["tar_at_far_1e-4"] == 1
    assert result["metrics"]["auc"] == 1
    assert result["people_in_several_folds"] == 0
    assert result["thresholds"] == pytest.approx([1.0], abs=1e-3)
    for name in ("roc.png", "distances.png"):
        assert Image.open(output / name).size[0] > 400
    assert not (output / "most_wrong_pairs.png").exists(), "none was wrong"


def test_the_most_wrong_pairs_are_shown(lfw, embeddings, tmp_path):
    with np.load(embeddings) as file:
        names, values = file["name"], file["embedding"].astype(np.float32)
    values[0] = np.roll(values[0], 1)  # taken for somebody else
    np.savez(embeddings, name=names, embedding=values)
    result = verify.verify(embeddings, lfw, None, tmp_path / "out")
    assert result["metrics"]["accuracy"] < 1
    assert Image.open(tmp_path / "out/most_wrong_pairs.png").size[0] > 1000


def test_a_picture_that_fails_is_a_warning(lfw, embeddings, tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise ValueError("no such glyph")

    monkeypatch.setattr("tasks.faces.verification_plots.roc_curve", fail)
    output = tmp_path / "out"
    verify.verify(embeddings, lfw, None, output)
    assert f"warning: {output / 'roc.png'} was not drawn: no such glyph" in capsys.readouterr().err
    assert result_of(output)["metrics"]["auc"] == 1
    assert (output / "distances.png").is_file(), "the others are drawn"


def test_a_checkpoint_may_only_name_what_the_command_line_trusts(lfw, monkeypatch, tmp_path):
    trusted = []

    def load(path, trust):
        trusted.extend(trust)
        raise InputError("enough")

    monkeypatch.setattr("tasks.training.restore.load_task", load)
    call(verify.main, "best.ckpt", lfw, "--trust", "mine", "--trust", "other", code=None)
    assert trusted == ["mine", "other"]


def test_photographs_without_an_embedding_are_named(lfw, embeddings, tmp_path):
    with np.load(embeddings) as file:
        names, values = file["name"], file["embedding"]
    np.savez(embeddings, name=names[3:], embedding=values[3:])
    with pytest.raises(InputError, match="lacks 3 of the 21 photographs") as error:
        verify.verify(embeddings, lfw, None, tmp_path / "out")
    assert all(name in str(error.value) for name in names[:3])
    assert not (tmp_path / "out").exists()


def test_a_photograph_without_a_face_has_an_embedding_of_zeros(lfw, embeddings, tmp_path):
    with np.load(embeddings) as file:
        names, values = file["name"], file["embedding"]
    values[0] = 0
    np.savez(embeddings, name=names, embedding=values)
    index, _ = load_lfw(lfw, lfw / "pairs.txt")
    found = verify.embeddings_of_file(embeddings, index)
    lengths = np.linalg.norm(found, axis=1)
    assert sorted(lengths.round(6)) == [0, *[1] * (len(index) - 1)]


def test_a_mistake_is_one_line_and_exit_code_2(lfw, embeddings, tmp_path):
    answer = call(verify.main, embeddings, lfw, "--pairs", tmp_path / "none.txt", code=2)
    assert answer.err.startswith("error: ")
