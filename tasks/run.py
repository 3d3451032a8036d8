"""Train and score one task: python -m tasks.run task=ssd_coco backbone.alpha=0.75 mode=sample.

The same command continues an unfinished run and reports a finished one; fresh=true starts over.
"""

import sys
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError
from tasks.cli.command import run_command
from tasks.runs.directory import RunDirectory
from tasks.runs.parts import PARTS, parts_of
from tasks.runs.processes import is_main_process
from tasks.runs.report import report
from tasks.runs.resamples import FILE, write_resamples


def run(config: DictConfig) -> None:
    """Prepare and check the data, train and score, write the result, and print a report."""
    directory = RunDirectory(config)
    result = None if config.fresh else directory.result()
    if result is None:
        if is_main_process():  # the others wait for this in `build_run`
            for name, part in parts_of(config).items():
                prepare_data(part, name)
        with directory.open(config.fresh):
            result = train_and_score(config, directory)
    if is_main_process():
        print(report(result, directory.path))


def prepare_data(config: DictConfig, part: str) -> None:
    """Draw a sample, if one is asked for, and look for the files of a data set.

    Args:
        part: the part of a joint task that the data belong to; empty for a single task.

    Raises:
        InputError: files are missing.
    """
    try:
        if config.data.prepare is not None:
            instantiate(config.data.prepare)
        instantiate(config.data.check)
    except InstantiationException as error:
        if part and isinstance(error.__cause__, InputError):
            raise InputError(f"part {part}: {error.__cause__}") from error
        raise


def train_and_score(config: DictConfig, directory: RunDirectory) -> dict[str, Any]:
    """Train and test, write the result, and then the card and the pictures."""
    # torch is imported here, after everything that is quick
    from tasks.distillation.objective import build_distillation
    from tasks.joint.alone import add_parts, trained_alone
    from tasks.joint.extending import extended
    from tasks.joint.taught import add_teachers
    from tasks.tables.beside import row_beside
    from tasks.training.fit import build_run, fit_and_test
    from tasks.training.pictures import draw_pictures
    from tasks.training.result import resamples_of, result_of

    config = extended(config)
    directory.settle(config)
    current = build_run(config, directory, build_distillation(config))
    scores = fit_and_test(current)
    drawn = resamples_of(current)
    result = result_of(current, scores, drawn) | {"paper": row_beside(config)}
    if PARTS in config:
        add_parts(result, trained_alone(config))
        add_teachers(result, current, drawn)
    if is_main_process():
        write_resamples(directory.path / FILE, drawn)
        directory.finish(result)
        describe_run(directory, result, current.config)
        draw_pictures(current, result["baselines"])
    return result


def describe_run(directory: RunDirectory, result: dict[str, Any], config: DictConfig) -> None:
    """Write the model card; if that fails, a warning says so, and the result is kept."""
    from tasks.runs.card import write_card

    try:
        plain: Any = OmegaConf.to_container(config)
        write_card(directory.path, result, plain)
    except Exception as error:
        print(f"warning: the model card was not written: {error}", file=sys.stderr)


if __name__ == "__main__":
    run_command(run)
