"""A Hydra command line that answers a user's mistake with a message and exit code 2.

Nothing here imports torch: `--help`, `--cfg job` and every configuration error answer at once.
"""

import difflib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import conf
from backbone.errors import InputError

# Numbers that only make sense above zero, wherever the composition holds them.
POSITIVE = (
    "backbone.alpha",
    "size",
    "data.batch_size",
    "optimizer.lr",
    "optimizer.batch",
    "trainer.accumulate_grad_batches",
)


def run_command(job: Callable[[DictConfig], None]) -> None:
    """Compose the configuration from the command line, check it, and run `job(config)`.

    `config` is resolved and read-only. A mistake in the input (`InputError`, or anything Hydra or
    OmegaConf refuse) prints one message on stderr and exits with 2; HYDRA_FULL_ERROR=1 shows the
    traceback instead.
    """
    full_error = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra hands its errors over instead of printing them

    def answer(call: Callable[[], None]) -> None:
        try:
            call()
        except (InputError, HydraException, OmegaConfBaseException) as error:
            if full_error or not is_mistake(error):
                raise
            print(f"error: {message(error)}", file=sys.stderr)
            sys.exit(2)

    # twice: Hydra adds lines of its own to what leaves the job, and composes outside of it
    entry = hydra.main(version_base="1.3", config_path="pkg://conf", config_name="config")
    try:
        answer(entry(lambda config: answer(lambda: job(check(config)))))
    finally:
        os.environ["HYDRA_FULL_ERROR"] = "1" if full_error else "0"


def is_mistake(error: Exception) -> bool:
    """Whether the user caused it; an object that fails to build for another reason is a bug."""
    if type(error).__name__ != "InstantiationException":
        return True
    return isinstance(error.__cause__, InputError | TypeError | None)


def message(error: Exception) -> str:
    """What a user reads: the error's own words, and the nearest names where a key is unknown."""
    cause = error.__cause__
    if isinstance(cause, InputError):
        error = cause
    text = str(error)
    if isinstance(error, InputError):
        # raised in a loader process, torch wraps the traceback's text around the message
        return text.rpartition("InputError: ")[2].strip()
    if "Could not override" in text:
        known = known_keys()
        unknown = [key for key in value_keys(sys.argv[1:]) if key not in known]
        return "\n".join(unknown_key(key, known) for key in unknown) or text
    return f"{text}\n{cause}" if isinstance(cause, TypeError) else text


def unknown_key(key: str, known: list[str]) -> str:
    """Say that the configuration has no `key`, and which name was probably meant."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    tail = [name for name in known if name.rpartition(".")[2] == key.rpartition(".")[2]]
    names = list(dict.fromkeys([*tail[:1], *near]))
    return f"no option '{key}'. Did you mean {' or '.join(repr(name) for name in names)}?"


def groups() -> list[str]:
    """The configuration groups: the folders of conf/."""
    return sorted(path.name for path in Path(conf.__file__).parent.iterdir() if path.is_dir())


def value_keys(arguments: list[str]) -> list[str]:
    """Dotted keys that the command line sets, group choices and Hydra's own left out."""
    overrides = OverridesParser.create().parse_overrides([a for a in arguments if "=" in a])
    return [
        override.key_or_group
        for override in overrides
        if override.key_or_group not in groups()
        and not override.key_or_group.startswith("hydra")
        and not override.is_add()
        and not override.is_delete()
    ]


def baseline() -> DictConfig:
    """The configuration that the command line's group choices give, without its values."""
    arguments = [a for a in sys.argv[1:] if a.partition("=")[0].lstrip("+~") in groups()]
    if GlobalHydra.instance().is_initialized():
        return hydra.compose("config", arguments)
    with hydra.initialize_config_module("conf", version_base="1.3"):
        return hydra.compose("config", arguments)


def known_keys() -> list[str]:
    """Every dotted key of the baseline, inner nodes included."""

    def walk(node: object, prefix: str) -> list[str]:
        if not isinstance(node, dict):
            return []
        inner = (walk(node[name], f"{prefix}{name}.") for name in node)
        return [prefix + name for name in node] + [key for keys in inner for key in keys]

    return [*walk(OmegaConf.to_container(baseline()), ""), *groups()]


def check(config: DictConfig) -> DictConfig:
    """Resolve the composition, refuse values that cannot be meant, and freeze it.

    Raises:
        InputError: no task; a value of another type than the default's; a number that must be
            above zero; a task with another task's data; a size that is no size.
    """
    if config.get("task") is None:
        names = sorted(path.stem for path in Path(conf.__file__).parent.glob("task/*.yaml"))
        raise InputError(f"no task chosen: add task=NAME, one of {', '.join(names)}")
    if config.get("data") is None:
        raise InputError(f"task={config.task.name} names no data set: add data=NAME")
    defaults = baseline()
    for key in value_keys(list(HydraConfig.get().overrides.task)):
        expect_type(key, OmegaConf.select(config, key), OmegaConf.select(defaults, key))
    resolved = OmegaConf.create(OmegaConf.to_container(config, resolve=True, throw_on_missing=True))
    missing = object()
    for key in POSITIVE:
        value = OmegaConf.select(resolved, key, default=missing)
        if value is missing:  # another trunk's
            continue
        numbers = value if OmegaConf.is_list(value) else [value]
        if any(not isinstance(n, int | float) or not n > 0 for n in numbers):
            raise InputError(f"{key} must be above zero, got {value}")
    if OmegaConf.is_list(resolved.size) and len(resolved.size) != 2:
        raise InputError(f"size is one number or [height, width], got {resolved.size}")
    if resolved.task.kind != resolved.data.kind:
        raise InputError(
            f"task={resolved.task.name} needs data of kind '{resolved.task.kind}', but "
            f"data={resolved.data.name} is of kind '{resolved.data.kind}'"
        )
    OmegaConf.set_readonly(resolved, True)
    return resolved


def expect_type(key: str, value: object, default: object) -> None:
    """Raise InputError where a value has another type than the number or switch it replaces."""
    if isinstance(default, bool):
        fits, wanted = isinstance(value, bool), "true or false"
    elif isinstance(default, int) and key != "size":
        fits, wanted = isinstance(value, int) and not isinstance(value, bool), "a whole number"
    elif isinstance(default, float):
        fits, wanted = isinstance(value, int | float) and not isinstance(value, bool), "a number"
    else:
        return
    if not (fits or value is None):
        raise InputError(f"{key} must be {wanted}, such as {default}; got {value!r}")
