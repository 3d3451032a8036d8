"""What the parts of a joint run score beside their teachers: how much an old part has lost."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backbone.errors import InputError
from tasks.joint.data import JointData
from tasks.joint.task import JointTask
from tasks.runs.comparison import Scored, compare_scores, difference_text
from tasks.runs.parts import PARTS, prefixed
from tasks.runs.resamples import Drawn
from tasks.training.fit import Run
from tasks.training.result import drawn_for


def add_teachers(result: dict[str, Any], run: Run, drawn: Sequence[Drawn]) -> None:
    """Set what the parts' teachers score on the same images beside the parts' own scores.

    Args:
        result: of the joint run. Each of its `parts` with a teacher gets its scores as `taught_by`
            and how far its own are from these as `change`: score -> the difference `by`, and its
            95% `interval` over paired resamples. `baselines` gets a column of the teachers' scores,
            and the `summary` a line for each part.
        run: which has been scored.
        drawn: the scores of the parts on the resamples.
    """
    task, data = run.task, run.data
    assert isinstance(task, JointTask)
    assert isinstance(data, JointData)
    if PARTS not in result:
        return  # only the main process has them
    column: dict[str, float] = {}
    for name, found in task.taught.items():
        before = Scored(Path(name), result, drawn_for(f"{name}/", found, data.parts[name]))
        after = Scored(Path(name), result, list(drawn))
        try:
            changes = compare_scores(before, after)
        except InputError:  # not all images of the split were scored: trainer.limit_test_batches
            continue
        scores = {key: float(value) for key, value in found.metrics.items()}
        column |= prefixed(name, scores)
        result[PARTS][name]["taught_by"] = scores
        result[PARTS][name]["change"] = {
            of.name.removeprefix(f"{name}/"): {"by": of.change, "interval": of.ends}
            for of in changes
            if math.isfinite(of.change)
        }
        monitored = f"{name}/{task.named_parts[name].monitor}"
        lines = [difference_text(of, "its teacher") for of in changes if of.name == monitored]
        result["summary"] = [*result.get("summary", []), *lines]
    if column:
        result["baselines"] = {"teacher": column, **result["baselines"]}
