"""The table at the end of a run."""

from pathlib import Path

from tasks.runs.report import aligned, format_score, report

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
    assert [format_score(value, "grades") for value in (0.0, 0.374, 3.0)] == [
        "0 grades",
        "0.374 grades",
        "3 grades",
    ]
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


def test_few_categories_are_all_shown_best_first():
    rows = [
        {"id": 3, "name": "cat", "boxes": 1200, "AP": 0.1, "threshold": 0.25, "curve": None},
        {"id": 1, "name": "dog", "boxes": 9, "AP": 0.3, "threshold": None, "curve": [0.5]},
        {"id": 2, "name": "cow", "boxes": 0, "AP": None, "threshold": None, "curve": None},
    ]
    said = lines(RESULT | {"per_category": rows, "summary": ["best F1 50.0"]})
    at = next(i for i, line in enumerate(said) if line.startswith("by category"))
    assert [line.split() for line in said[at : at + 4]] == [
        ["by", "category", "boxes", "AP", "threshold"],
        ["dog", "9", "30.0", "-"],
        ["cat", "1,200", "10.0", "0.250"],
        ["1", "more", "have", "nothing", "to", "score"],
    ]
    assert "best F1 50.0" in said


def test_of_many_categories_the_best_and_the_worst():
    rows = [{"id": i, "name": f"n{i}", "AP": i / 40} for i in range(40)]
    said = lines(RESULT | {"per_category": rows})
    at = next(i for i, line in enumerate(said) if line.startswith("by category"))
    names = [line.split()[0] for line in said[at + 1 : at + 14]]
    best, worst = (f"n{i}" for i in range(39, 33, -1)), (f"n{i}" for i in range(5, -1, -1))
    assert names == [*best, "...", *worst]
    assert "28 more" in said[at + 7]


def test_a_name_with_two_lines_takes_one_of_the_table():
    assert aligned([["a\nb", "1"], ["c", "20"]]) == ["a\\nb   1", "c     20"]
