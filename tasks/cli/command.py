"""A Hydra command line that answers a user's mistake with a message and exit code 2.

Nothing here imports torch: `--help`, `--cfg` and every configuration error answer at once.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from tasks.cli.configuration import check_config
from tasks.cli.jobs import is_sweep, without_jobs
from tasks.cli.mistakes import is_mistake, message
from tasks.cli.sweep import sweep
from tasks.runs.processes import reports_errors

FULL_ERROR = "HYDRA_FULL_ERROR"


def run_command(job: Callable[[DictConfig], None]) -> None:
    """Compose the configuration from the command line, check it, and run `job(config)`.

    `config` is resolved and read-only. With `-m` or `+table=N` there are many of them, each a
    process of its own, see `tasks.cli.sweep`. A mistake in the input (`InputError`, or anything
    Hydra or OmegaConf refuse) prints one message on stderr and exits with 2; HYDRA_FULL_ERROR=1
    shows the traceback instead.
    """
    full_error = os.environ.get(FULL_ERROR, "0")
    arguments = sys.argv[1:]

    def answer(call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            if full_error == "1" or not is_mistake(error):
                raise
            if reports_errors():
                print(f"error: {message(error, arguments)}", file=sys.stderr)
            sys.exit(2)

    def act(config: DictConfig) -> None:
        with environment_variable(
            FULL_ERROR, full_error
        ):  # as the processes that a job starts should see
            if is_sweep(arguments):
                sweep(module_of(job), arguments)
            else:
                overrides = HydraConfig.get().overrides
                job(check_config(config, [*overrides.task, *overrides.hydra]))

    # Twice: Hydra adds lines of its own to what leaves the job, and composes outside of it. It is
    # to hand its errors over, not to print them; and of a sweep it sets up what all jobs share.
    entry = hydra.main(version_base="1.3", config_path="pkg://conf", config_name="config")
    with environment_variable(FULL_ERROR, "1"):
        if is_sweep(arguments):
            sys.argv[1:] = without_jobs(arguments)
        try:
            answer(entry(lambda config: answer(lambda: act(config))))
        except KeyboardInterrupt:
            print("interrupted: the same command goes on from here", file=sys.stderr)
            sys.exit(130)
        finally:
            sys.argv[1:] = arguments


@contextmanager
def environment_variable(name: str, value: str) -> Iterator[None]:
    """Have an environment variable be `value` for a while."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def module_of(job: Callable[[DictConfig], None]) -> str:
    """What python -m was given to run `job`."""
    if job.__module__ != "__main__":
        return job.__module__
    return sys.modules["__main__"].__spec__.name
