"""From the command line of a sweep to its jobs: each one's overrides, checked before any runs."""

import shlex
import sys
from dataclasses import dataclass

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser

from tasks.cli.configuration import check_config, compose_config
from tasks.cli.mistakes import is_mistake, message
from tasks.runs.directory import RunDirectory


@dataclass
class Job:
    """One configuration of a sweep.

    Args:
        overrides: what it is composed with.
        name: those of them that not all jobs have.
        state: due | finished | refused, and what became of it later.
        directory: its run directory; None where it is refused.
    """

    overrides: list[str]
    name: str
    state: str = "due"
    directory: RunDirectory | None = None


def overrides_of(arguments: list[str]) -> list[str]:
    """The overrides among a command line's arguments."""
    return get_args_parser().parse_intermixed_args(arguments).overrides


def about_hydra(override: str) -> bool:
    """Whether an override is about Hydra itself, not about a run."""
    return override.lstrip("+~").startswith(("hydra.", "hydra/"))


def names_table(override: str) -> bool:
    """Whether an override asks for the rows of a table."""
    return override.startswith("+table=")


def is_sweep(arguments: list[str]) -> bool:
    """Whether a command line asks for many runs."""
    many = {"-m", "--multirun", "hydra.mode=MULTIRUN"}
    return any(argument in many or names_table(argument) for argument in arguments)


def without_jobs(arguments: list[str]) -> list[str]:
    """A sweep's command line without what differs from job to job: flags and Hydra's options."""
    left = ["-m", "--multirun", *(o for o in overrides_of(arguments) if not about_hydra(o))]
    return [a for a in arguments if a not in left and not a.startswith("hydra.mode=")]


def find_jobs(arguments: list[str]) -> list[Job]:
    """The jobs of a sweep: every combination of the swept values, for each row of a table.

    A job whose configuration is refused says so on stderr, and the others stay. Configurations
    that come out the same are one job.
    """
    search = [o for o in overrides_of(arguments) if o.startswith("hydra.searchpath")]
    jobs: dict[str, Job] = {}
    every = combinations(arguments, search)
    common = set.intersection(*map(set, every)) if len(every) > 1 else set()
    for overrides in every:
        own = [o for o in overrides if o not in common]
        job = Job(overrides, shlex.join(own or overrides))
        try:
            config = check_config(compose_config([*overrides, *search]), [*overrides, *search])
            job.directory = RunDirectory(config)
            if not config.fresh and job.directory.result() is not None:
                job.state = "finished"
        except Exception as error:
            if not is_mistake(error):
                raise
            job.state = "refused"
            said = message(error, [*overrides, *search])
            print(f"error in {job.name}: {said}", file=sys.stderr)
        jobs.setdefault(str(job.directory.path if job.directory else overrides), job)
    return list(jobs.values())


def combinations(arguments: list[str], search: list[str]) -> list[list[str]]:
    """The overrides of every job."""
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    given = [o for o in overrides_of(arguments) if not about_hydra(o)]
    rest = [o for o in given if not names_table(o)]
    rows = [row for o in given if names_table(o) for row in rows_of(o, parser, search)] or [[]]
    jobs = []
    for row in rows:
        # of two values for one key the later counts: the command line's
        (batch,) = BasicSweeper.split_arguments(parser.parse_overrides([*row, *rest]), None)
        jobs += batch
    return jobs


def rows_of(override: str, parser: OverridesParser, search: list[str]) -> list[list[str]]:
    """What `+table=10,11` stands for: the overrides of each row that is trained."""
    (parsed,) = parser.parse_overrides([override])
    several = parsed.is_sweep_override()
    rows = []
    for number in parsed.sweep_string_iterator() if several else [parsed.value()]:
        table = compose_config([f"+table='{number}'", *search]).table
        rows += [[*table.overrides, *row.overrides] for row in table.rows if not row.get("peer")]
    return rows
