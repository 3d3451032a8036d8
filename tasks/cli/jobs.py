"""The jobs of a sweep's command line: their overrides, checked before any of them runs."""

import itertools
import math
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override

from backbone.errors import InputError
from tasks.cli.configuration import check_config, compose_config
from tasks.cli.flags import Flags
from tasks.cli.mistakes import is_mistake, messages
from tasks.cli.overrides import SEARCHPATH, about_hydra, parse_overrides, refuse_choices
from tasks.runs.directory import RunDirectory

MOST_JOBS = 10_000  # of one sweep: each is composed and checked before the first begins


@dataclass
class Job:
    """One configuration of a sweep.

    Args:
        overrides: the overrides that it is composed with.
        name: those of them that not all jobs share.
        state: due | finished | refused; later, how it ended.
        directory: its run directory; None if it was refused.
    """

    overrides: list[str]
    name: str
    state: str = "due"
    directory: RunDirectory | None = None


def names_table(override: str) -> bool:
    """Whether an override asks for the rows of a table."""
    return override.startswith("+table=")


def is_sweep(flags: Flags) -> bool:
    """Whether a command line asks for many runs."""
    many = "hydra.mode=MULTIRUN" in flags.overrides
    return flags.multirun or many or any(map(names_table, flags.overrides))


def shared_options(flags: Flags) -> list[str]:
    """The overrides that all jobs of a sweep share with it: those for Hydra itself."""
    return [o for o in flags.overrides if about_hydra(o) and not o.startswith("hydra.mode=")]


def find_jobs(flags: Flags) -> list[Job]:
    """The jobs of a sweep: every combination of the swept values, for each row of a table.

    If a job's configuration is refused, the reason is printed on stderr, and the other jobs stay.
    Jobs with the same configuration are merged.
    """
    search = [o for o in flags.overrides if o.startswith(SEARCHPATH)]
    jobs: dict[str, Job] = {}
    every = combinations(flags, search)
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
            for said in messages(error, [*overrides, *search]):
                print(f"error in {job.name}: {said}", file=sys.stderr)
        jobs.setdefault(str(job.directory.path if job.directory else overrides), job)
    return list(jobs.values())


def combinations(flags: Flags, search: Sequence[str]) -> list[list[str]]:
    """The overrides of every job."""
    loader = GlobalHydra.instance().config_loader()
    given = [o for o in flags.overrides if not about_hydra(o)]
    rest = parse_overrides([o for o in given if not names_table(o)], loader)
    rows = [row for o in given if names_table(o) for row in rows_of(o, search)] or [[]]
    jobs: list[list[str]] = []
    for override in rest:
        if override.key_or_group == "task" and any(
            row and given not in row for row in rows for given in values_of(override)
        ):
            raise InputError(
                f"{override.input_line}: the rows of a table are runs of its own task; leave out "
                "task=, or +table="
            )
    for row in rows:
        # of two values for one key the later one counts, so the command line's
        values = {o.get_key_element(): values_of(o) for o in [*parse_overrides(row, loader), *rest]}
        if len(values.get("trainer.max_epochs", ())) > 1:
            # runs of several lengths are to be compared, so no run continues another one's training
            values.setdefault("resume", ["resume=none"])
        if len(jobs) + math.prod(map(len, values.values())) > MOST_JOBS:
            raise InputError(
                f"this sweep has more than {MOST_JOBS:,} combinations; give fewer values"
            )
        jobs += map(list, itertools.product(*values.values()))
    return jobs


def values_of(override: Override) -> list[str]:
    """One override for each value of a swept override.

    Raises:
        InputError: a range without steps, which has no single values.
    """
    key = override.get_key_element()
    if not override.is_sweep_override():
        return [f"{key}={override.get_value_element_as_str()}"]
    if not override.is_discrete_sweep():
        raise InputError(
            f"{override.input_line}: a sweep needs single values; name them, such as "
            f"{key}=1,2,3, or use range(1,4)"
        )
    found = itertools.islice(override.sweep_string_iterator(), MOST_JOBS + 1)
    values = [f"{key}={value}" for value in found]
    if len(values) > MOST_JOBS:
        raise InputError(f"{override.input_line}: more than {MOST_JOBS:,} values; give fewer")
    if not values:
        raise InputError(f"{override.input_line}: it has no values, so there is nothing to run")
    return values


def rows_of(override: str, search: Sequence[str]) -> list[list[str]]:
    """The overrides of each row that `+table=10,11` trains."""
    (parsed,) = parse_overrides([override])
    refuse_choices([parsed])
    several = parsed.is_sweep_override()
    rows: list[list[str]] = []
    for number in parsed.sweep_string_iterator() if several else [parsed.value()]:
        table = compose_config([f"+table='{number}'", *search]).table
        rows += [[*table.overrides, *row.overrides] for row in table.rows if not row.get("peer")]
    return rows
