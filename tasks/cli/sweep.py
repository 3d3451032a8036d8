"""Many runs from one command: an `-m` sweep, or the rows of a table.

    python -m tasks.run -m task=ssd_coco backbone.alpha=1.0,0.75,0.5 mode=sample
    python -m tasks.run +table=10 data.root=/path/to/dogs

Each job is its own process with the command that a user would type for it. So a job may itself
start processes, and a failure does not affect the other jobs. Each job's run directory records its
progress: if the sweep is repeated, finished jobs are skipped, interrupted ones are continued and
failed ones are tried again. Hydra's launcher (`hydra/launcher=`) decides where the jobs run; they
need a shared file system.
"""

import contextlib
import io
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from omegaconf import DictConfig

from backbone.errors import InputError, number_of
from backbone.files import make_folder
from tasks.cli.configuration import compose_config
from tasks.cli.context import hydra_context
from tasks.cli.ending import Terminated
from tasks.cli.flags import Flags
from tasks.cli.jobs import Job, find_jobs, shared_options
from tasks.cli.overrides import about_hydra, parse_overrides
from tasks.cli.parts import for_hydra, from_hydra
from tasks.cli.search import require_optuna, search
from tasks.runs.processes import end_with_parent
from tasks.runs.report import OF_0_1_0, aligned, format_score
from tasks.runs.sweeps import leading_score_of

# Hydra's options that concern the sweep, not its jobs
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
    """What a launcher runs for a job, here or on another machine: the job's command.

    Args:
        command: without the job's overrides.
    """

    command: tuple[str, ...]

    def __call__(self, config: DictConfig) -> int:
        """Run the job and return its exit code."""
        overrides = [*map(from_hydra, HydraConfig.get().overrides.task)]
        print(f"\n{shlex.join(overrides)}", flush=True)
        # a job that outlives this process would keep its run locked for the next sweep
        with subprocess.Popen([*self.command, *overrides], preexec_fn=end_with_parent) as process:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the job got it too, and is tidying up
                process.wait()
                raise
            except Terminated:  # the job did not get it
                process.terminate()
                process.wait()
                raise


def sweep(module: str, flags: Flags) -> None:
    """Run the jobs of a command line, print how each ended, and exit with 1 unless all finished.

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
            "hydra/sweeper: a sweep runs all combinations, or searches with hydra/sweeper=optuna; "
            "leave it out"
        )
    jobs = find_jobs(flags)
    due = [job for job in jobs if job.state == "due"]
    if due:
        make_folder(Path(config.hydra.sweep.dir))
    print(f"sweep of {number_of(len(jobs), 'job')}, {len(due)} to run", flush=True)
    try:
        if due:
            launch(due, module, shared, config)
    finally:
        print(sweep_summary(jobs), flush=True)
    if any(job.state != "finished" for job in jobs):
        sys.exit(1)


def gives_one_value(override: str) -> bool:
    """Whether an override has a single value."""
    (parsed,) = parse_overrides([override])
    return not parsed.is_sweep_override()


def process_of(module: str, shared: Sequence[str]) -> Process:
    """The process of a job, with the ones of Hydra's own options that concern the job."""
    own = [option for option in shared if not option.startswith(OF_THE_SWEEP)]
    return Process((sys.executable, "-m", module, *own))


def launch(jobs: list[Job], module: str, shared: Sequence[str], config: DictConfig) -> None:
    """Give the jobs to the configured launcher of Hydra, and set their states.

    Args:
        shared: Hydra's own options of the sweep.
        config: composed with Hydra's own options, which its launchers need.
    """
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=hydra_context(),
        task_function=process_of(module, shared),
        config=config,
    )
    for job in jobs:
        job.state = "not run"
    given = [[for_hydra(override) for override in job.overrides] for job in jobs]
    try:
        returns = launcher.launch(given, initial_job_idx=0)
    except BaseException:
        for job in jobs:  # the run directories tell what the launcher does not
            assert job.directory is not None
            job.state = job.directory.state() or job.state
        raise
    for job, outcome in zip(jobs, returns, strict=True):
        job.state = ended(job, outcome)


def ended(job: Job, outcome: JobReturn) -> str:
    """How a job ended; it finished only if its result exists."""
    try:
        # Hydra prints an error's message itself
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
    """One line per job: how it ended, its name, its score and its run directory."""
    lines = []
    for job in jobs:
        result = job.directory.result() if job.directory and job.state == "finished" else None
        score = "" if result is None else score_in_words(result)
        place = "" if job.directory is None else str(job.directory.path)
        lines.append((job.state, job.name, score, place))
    finished = sum(job.state == "finished" for job in jobs)
    return "\n".join(["", *aligned(lines, "<"), f"{finished} of {len(jobs)} finished"])


def score_in_words(result: dict[str, Any]) -> str:
    """The score of a result that ranks its run, with its name."""
    name, _ = leading_score_of(result)
    unit = result.get("units", OF_0_1_0).get(name)
    return f"{name} {format_score(result['metrics'][name], unit)}"
