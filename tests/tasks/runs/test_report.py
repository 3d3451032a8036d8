"""The table at the end of a run."""

from pathlib import Path

from tasks.runs.report import report

RESULT = {
    "metrics": {"top1": 0.5, "median_km": 1234.4, "AP": -1.0},
    "paper": None,
    "cost": {"mult_adds": 5.8e8, "parameters": 1.3e7},
    "throughput": {
        "train_images_per_second": 12.34,
        "test_images_per_second": None,
        "device": "cpu",
        "precision": "32-true",
    },
    "data": "some",
    "steps": 7,
}
PAPER = {"data": "D", "row": "R", "metric": "top1", "value": 70.6}
PAPER |= {"mult_adds": "0.58G", "parameters": "13M"}


def lines(result) -> list[str]:
    return report(result, Path("runs/x")).splitlines()


def test_shares_in_percent_and_distances_in_km():
    split = [line.split("  ") for line in lines(RESULT)]
    cells = {line[0]: line[-1].strip() for line in split}
    assert cells["top1"] == "50.0"
    assert cells["median_km"] == "1,234 km"
    assert cells["AP"] == "undefined"
    assert cells["train images/s"] == "12.3"
    assert lines(RESULT)[-1] == "run directory: runs/x"


def test_baselines_and_the_paper_stand_beside():
    plain = {"top1": 0.25, "median_km": 9999.0, "AP": 0.0}
    result = RESULT | {"baselines": {"plain": plain}, "paper": PAPER | {"others": {"AP": 3.0}}}
    rows = {line.split("  ")[0]: line.split() for line in lines(result) if line}
    assert rows["top1"] == ["top1", "50.0", "25.0", "70.6"]
    assert rows["median_km"] == ["median_km", "1,234", "km", "9,999", "km"]
    assert rows["AP"] == ["AP", "undefined", "0.0", "3.0"]
    assert rows["parameters"] == ["parameters", "13.00", "M", "13M"]


def test_what_a_baseline_has_not_is_left_blank():
    """A student's agreement with its teacher, next to a baseline that has none."""
    metrics = {"mean_ap": 0.8, "teacher_agreement": 0.9}
    result = RESULT | {"metrics": metrics, "baselines": {"majority": {"mean_ap": 0.3}}}
    rows = {line.split("  ")[0]: line.split() for line in lines(result) if line}
    assert rows["mean_ap"] == ["mean_ap", "80.0", "30.0"]
    assert rows["teacher_agreement"] == ["teacher_agreement", "90.0"]
