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
        ["1,0,train/loss,0.0", "1,0,val/AP,-1.0"],
        [],
    ],
    ids=["usual", "not a number", "dollars", "zero and undefined", "none"],
)
def test_curves_are_drawn(tmp_path, rows):
    metrics = tmp_path / "metrics.csv"
    metrics.write_text("\n".join(["step,epoch,name,value", *rows, ""]))
    learning_curves(metrics, tmp_path / "plots" / "curves.png", {})
    with Image.open(tmp_path / "plots" / "curves.png") as picture:
        picture.load()


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
