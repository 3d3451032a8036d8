"""Many runs from one command: any `-m` sweep, and the rows of a table.

    python -m tasks.run -m task=ssd_coco backbone.alpha=1.0,0.75,0.5 mode=sample
    python -m tasks.run +table=10 data.root=/path/to/dogs

Each job is a process of its own, the command that a person would have typed for it: so a job may
itself be many processes, and no failure reaches the next one. A job's run directory knows how far
it came: the same sweep again leaves finished jobs alone, continues interrupted ones and tries
failed ones again. Where the jobs run is for Hydra's launcher to say (`hydra/launcher=`); they
need a file system in common.
"""

import contextlib
import io
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.types import HydraContext
from omegaconf import DictConfig

from backbone.errors import InputError
from tasks.cli.configuration import compose_config
from tasks.cli.ending import Terminated
from tasks.cli.flags import Flags
from tasks.cli.jobs import Job, find_jobs, shared_options
from tasks.cli.overrides import about_hydra, parse_overrides
from tasks.cli.parts import for_hydra, from_hydra
from tasks.cli.search import require_optuna, search
from tasks.runs.processes import end_with_parent
from tasks.runs.report import OF_0_1_0, aligned, format_score

# Hydra's options that are about the sweep, not about a job of it.
OF_THE_SWEEP = (
    "hydra/launcher=",
    "hydra.launcher.",
    "hydra/sweeper=",
    "hydra.sweeper.",
    "hydra.sweep.",
    "hydra.job.",
)


@dataclass(frozen=True)
class Process:
    """What a launcher runs for a job, here or on another machine: the job's own command.

    Args:
        command: without the job's overrides.
    """

    command: tuple[str, ...]

    def __call__(self, config: DictConfig) -> int:
        """Run it to its end and return its exit code."""
        overrides = [*map(from_hydra, HydraConfig.get().overrides.task)]
        print(f"\n{shlex.join(overrides)}", flush=True)
        # the next sweep could not take over the run of a job that outlives this one
        with subprocess.Popen([*self.command, *overrides], preexec_fn=end_with_parent) as process:
            try:
                return process.wait()
            except KeyboardInterrupt:  # which it heard too, and is tidying up
                process.wait()
                raise
            except Terminated:  # which it did not hear
                process.terminate()
                process.wait()
                raise


class NoCallbacks:
    """What a launcher calls at the start and the end of a job: nothing."""

    def on_job_start(self, config: DictConfig, **facts: Any) -> None:
        """Do nothing."""

    def on_job_end(self, config: DictConfig, **facts: Any) -> None:
        """Do nothing."""


def sweep(module: str, flags: Flags) -> None:
    """Run the jobs of a command line, say how each ended, and exit with 1 unless all finished.

    Args:
        module: what `python -m` runs for a job.
    """
    shared = shared_options(flags)
    places = [o for o in flags.overrides if o.startswith("paths.")]
    if "hydra/sweeper=optuna" in shared:
        require_optuna()
        plain = [o for o in flags.overrides if not about_hydra(o) and gives_one_value(o)]
        config = compose_config([*shared, *plain], with_hydra=True)
        search(process_of(module, shared), flags.overrides, shared, config)
        return
    config = compose_config([*shared, *places], with_hydra=True)
    if config.hydra.runtime.choices["hydra/sweeper"] != "basic":
        raise InputError(
            "hydra/sweeper: a sweep here goes through all combinations, or with optuna searches; "
            "leave it out"
        )
    jobs = find_jobs(flags)
    due = [job for job in jobs if job.state == "due"]
    print(f"sweep of {len(jobs)} jobs, {len(due)} to run", flush=True)
    try:
        if due:
            launch(due, module, shared, config)
    finally:
        print(sweep_summary(jobs), flush=True)
    if any(job.state != "finished" for job in jobs):
        sys.exit(1)


def gives_one_value(override: str) -> bool:
    """Whether an override gives one value."""
    (parsed,) = parse_overrides([override])
    return not parsed.is_sweep_override()


def process_of(module: str, shared: Sequence[str]) -> Process:
    """The process of a job, with those of Hydra's own options that are about the job."""
    own = [option for option in shared if not option.startswith(OF_THE_SWEEP)]
    return Process((sys.executable, "-m", module, *own))


def launch(jobs: list[Job], module: str, shared: Sequence[str], config: DictConfig) -> None:
    """Hand the jobs to the launcher that Hydra is configured with, and set their states.

    Args:
        shared: Hydra's own options of the sweep.
        config: with Hydra's own part, as its launchers want it.
    """
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=HydraContext(
            GlobalHydra.instance().config_loader(), cast(Any, NoCallbacks())
        ),
        task_function=process_of(module, shared),
        config=config,
    )
    for job in jobs:
        job.state = "not run"
    given = [[for_hydra(override) for override in job.overrides] for job in jobs]
    try:
        returns = launcher.launch(given, initial_job_idx=0)
    except BaseException:
        for job in jobs:  # what the launcher does not tell, the run directories do
            assert job.directory is not None
            job.state = job.directory.state() or job.state
        raise
    for job, outcome in zip(jobs, returns, strict=True):
        job.state = ended(job, outcome)


def ended(job: Job, outcome: JobReturn) -> str:
    """How a job ended: finished only where its result is there."""
    try:
        # Hydra prints a line of its own beside an error
        with contextlib.redirect_stderr(io.StringIO()):
            code = outcome.return_value
    except Exception as error:
        return f"failed: {error}"
    if code != 0:
        return f"failed with exit code {code}"
    assert job.directory is not None
    try:
        found = job.directory.result() is not None
    except InputError as error:
        return f"failed: {error}"
    return "finished" if found else "ended without a result"


def sweep_summary(jobs: list[Job]) -> str:
    """A line a job: how it ended, its name, its score and its run directory."""
    lines = []
    for job in jobs:
        result = job.directory.result() if job.directory and job.state == "finished" else None
        score = "" if result is None else first_score(result)
        place = "" if job.directory is None else str(job.directory.path)
        lines.append((job.state, job.name, score, place))
    finished = sum(job.state == "finished" for job in jobs)
    return "\n".join(["", *aligned(lines, "<"), f"{finished} of {len(jobs)} finished"])


def first_score(result: dict[str, Any]) -> str:
    """The score that the paper states, or else the first of a result."""
    metrics, paper = result["metrics"], result["paper"]
    units = result.get("units", OF_0_1_0)
    name = paper["metric"] if paper and paper["metric"] in metrics else next(iter(metrics))
    return f"{name} {format_score(metrics[name], units.get(name))}"
