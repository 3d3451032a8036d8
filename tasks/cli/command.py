"""A command line that answers a user's mistakes with messages and exit code 2.

Nothing here imports torch, so `--help`, `--cfg` and configuration errors answer at once.
"""

import os
import sys
from collections.abc import Callable

import hydra
from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError, visible
from tasks.cli.configuration import check_config, compose_config
from tasks.cli.ending import ends_in_order
from tasks.cli.explanation import explanation
from tasks.cli.flags import Flags, parse_flags
from tasks.cli.jobs import is_sweep
from tasks.cli.mistakes import is_mistake, messages
from tasks.cli.overrides import (
    check_search_path,
    parse_overrides,
    refuse_hydras,
    refuse_sweeps,
)
from tasks.cli.streams import print_any_text
from tasks.cli.sweep import sweep
from tasks.runs.processes import reports_errors

FULL_ERROR = "HYDRA_FULL_ERROR"


def run_command(job: Callable[[DictConfig], None]) -> None:
    """Compose the configuration from the command line, check it, and run `job(config)`.

    `config` is resolved and read-only. With `-m` or `+table=N` there are several jobs, each in its
    own process; see `tasks.cli.sweep`. For a mistake in the input (`InputError`, or an error of
    Hydra, OmegaConf or Lightning), a message is printed on stderr and the exit code is 2;
    HYDRA_FULL_ERROR=1 shows the traceback instead. An interrupt exits with 130, SIGTERM with 143.
    """
    arguments = sys.argv[1:]
    print_any_text()
    with ends_in_order():
        try:
            act(job, arguments)
        except Exception as error:
            if os.environ.get(FULL_ERROR) == "1" or not is_mistake(error):
                raise
            if reports_errors():
                for text in messages(error, overrides_of(arguments)):
                    print(f"error: {visible(text)}", file=sys.stderr)
            sys.exit(2)


def act(job: Callable[[DictConfig], None], arguments: list[str]) -> None:
    """Do what a command line asks for."""
    flags = parse_flags(arguments)
    many = is_sweep(flags)
    refuse_hydras(flags.overrides, many)
    check_search_path(flags.overrides)
    parsed = parse_overrides(flags.overrides)
    with hydra.initialize_config_module("conf", version_base="1.3"):
        if many and not (flags.help or flags.cfg):
            sweep(module_of(job), flags)
            return
        refuse_sweeps(parsed)
        if flags.cfg:
            print(printed(flags), end="")
            return
        config = compose_config(flags.overrides)
        if flags.help:
            print(explanation(module_of(job), config))
            return
        config = check_config(config, flags.overrides)
    job(config)


def overrides_of(arguments: list[str]) -> list[str]:
    """The overrides of a command line; none if it cannot be parsed."""
    try:
        return parse_flags(arguments).overrides
    except InputError:
        return []


def printed(flags: Flags) -> str:
    """The configuration as `--cfg` prints it, in YAML.

    Raises:
        InputError: the node that --package names does not exist.
    """
    config = compose_config(flags.overrides, with_hydra=flags.cfg != "job")
    if flags.cfg == "hydra":
        config = OmegaConf.masked_copy(config, "hydra")
    node: object = config
    title = ""
    if flags.package not in (None, "_global_"):
        assert flags.package is not None
        node = OmegaConf.select(config, flags.package)
        if node is None:
            raise InputError(f"--package {flags.package}: the configuration has no such node")
        title = f"# @package {flags.package}\n"
    if not OmegaConf.is_config(node):
        return f"{node}\n"
    return title + OmegaConf.to_yaml(node, resolve=flags.resolve)


def module_of(job: Callable[[DictConfig], None]) -> str:
    """The module that `python -m` runs to call `job`."""
    spec = sys.modules["__main__"].__spec__ if job.__module__ == "__main__" else None
    return job.__module__ if spec is None else spec.name
