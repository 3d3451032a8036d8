"""Learning curves of whatever a run logged."""

import pytest
from PIL import Image

from tasks.runs.plots import learning_curves, plt, save_figure


@pytest.mark.parametrize(
    "rows",
    [
        ["1,0,train/loss,2.5", "2,0,train/loss,1.5", "2,0,val/AP,0.25"],
        ["1,0,train/loss,nan", "2,0,train/loss,inf", "2,0,val/AP,nan"],
        ["1,0,train/$x_{,1.0", "2,0,val/\\frac{$,0.5"],
        ["1,0,val/AP,0.25", "2,0,val/AP,nan", "1,0,val/AR,inf"],
        ["1,0,train/loss,0.0", "1,0,val/AP,-1.0"],
        [],
    ],
    ids=["usual", "not a number", "in part", "dollars", "zero and undefined", "none"],
)
def test_curves_are_drawn(tmp_path, rows):
    metrics = tmp_path / "metrics.csv"
    metrics.write_text("\n".join(["step,epoch,name,value", *rows, ""]))
    learning_curves(metrics, tmp_path / "plots" / "curves.png", {})
    with Image.open(tmp_path / "plots" / "curves.png") as picture:
        picture.load()


def test_no_two_curves_look_alike(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("tasks.runs.plots.save_figure", lambda figure, output: drawn.append(figure))
    rows = [f"{step},0,val/{k},{0.9 - k / 20}" for k in range(12) for step in (1, 2)]
    rows += [f"{step},0,train/{name},{step}" for name in ("class", "loss") for step in (1, 2)]
    metrics = tmp_path / "metrics.csv"
    metrics.write_text("\n".join(["step,epoch,name,value", *rows, ""]))
    learning_curves(metrics, tmp_path / "curves.png", {})
    left, right = drawn[0].axes
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in right.lines}
    assert len(looks) == 12
    assert right.get_ylim()[1] > 0.9, "room above the best score"
    assert [line.get_label() for line in left.lines] == ["loss"], "its only term is the same curve"
    plt.close(drawn[0])


def test_scores_with_units_have_axes_of_their_own(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("tasks.runs.plots.save_figure", lambda figure, output: drawn.append(figure))
    rows = ["2,0,train/loss,0.7", "2,0,val/mean_error,1.5", "2,0,val/within_one,0.5"]
    metrics = tmp_path / "metrics.csv"
    metrics.write_text("\n".join(["step,epoch,name,value", *rows, ""]))
    learning_curves(metrics, tmp_path / "curves.png", {"mean_error": "grades"})
    titles = {axes.get_ylabel(): axes.lines[0] for axes in drawn[0].axes}
    assert [*titles] == ["training loss", "validation score", "validation, grades"]
    assert titles["validation, grades"].get_label() == "mean_error"
    assert titles["training loss"].get_marker() == "o", "a single step would not show as a line"
    plt.close(drawn[0])


@pytest.mark.parametrize("limits", [(0.01, 3000), (0.7, 4)], ids=["decades", "within one"])
def test_ticks_of_logarithmic_axes_are_plain_numbers(tmp_path, limits):
    figure, axes = plt.subplots()
    axes.set(xscale="log", xlim=limits)
    save_figure(figure, tmp_path / "figure.png")
    labels = [text.get_text() for text in axes.get_xticklabels(which="both")]
    shown = [float(label.replace(",", "")) for label in labels if label]  # TeX is no number
    assert len([value for value in shown if limits[0] <= value <= limits[1]]) >= 3


def test_a_name_in_any_script_is_drawn_without_a_warning(tmp_path, recwarn):
    figure, axes = plt.subplots()
    axes.set_title("\u732b \u0645\u0631\u062d\u0628\u0627 \U0001f431")
    save_figure(figure, tmp_path / "x.png")
    assert not [str(w.message) for w in recwarn if "Glyph" in str(w.message)]
