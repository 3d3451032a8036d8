"""Pictures of a finished run: one that fails leaves the others alone."""

from types import SimpleNamespace

import pytest
import torch

from tasks.training.pictures import draw_pictures
from tasks.training.presenter import Presenter


def fail(path):
    raise ValueError("cannot draw NaN")


class Pictures(Presenter):
    """Three pictures, of which the second fails."""

    def pictures(self, result, data, predict, baselines):
        assert predict({"image": torch.zeros(1)}) == "answer"
        return {
            "one.png": lambda path: path.write_text("one"),
            "two.png": fail,
            "three.png": lambda path: path.write_text("three"),
        }


class NoPictures(Presenter):
    """One that cannot even say what it would draw."""

    def pictures(self, result, data, predict, baselines):
        raise KeyError("result")


@pytest.fixture
def run(tmp_path):
    """A run without curves whose task is drawn by a presenter."""

    def made(presenter: type[Presenter]) -> SimpleNamespace:
        task = SimpleNamespace(
            present=lambda: presenter(None),
            predict=lambda batch: "answer",
            eval=lambda: None,
            device="cpu",
            result=None,
            units={},
        )
        directory = SimpleNamespace(path=tmp_path, plots=tmp_path / "plots")
        return SimpleNamespace(task=task, data=None, directory=directory, trains=False)

    return made


def test_a_picture_that_fails_is_named_and_the_others_are_drawn(run, tmp_path, capsys):
    draw_pictures(run(Pictures), {})
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["one.png", "three.png"]
    warning = f"warning: {tmp_path / 'plots/two.png'} was not drawn: cannot draw NaN\n"
    assert capsys.readouterr().err == warning


def test_a_presenter_that_fails_is_a_warning(run, tmp_path, capsys):
    draw_pictures(run(NoPictures), {})
    assert capsys.readouterr().err.startswith(f"warning: the pictures of {tmp_path / 'plots'} were")
