"""What a composed configuration must be like before anything runs.

Nothing here imports torch: every configuration error is answered at once.
"""

import difflib
from functools import cache
from pathlib import Path

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

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


def compose_config(overrides: list[str]) -> DictConfig:
    """The configuration that overrides give, with the command's own search path where it is up."""
    if GlobalHydra.instance().is_initialized():
        return hydra.compose("config", overrides)
    with hydra.initialize_config_module("conf", version_base="1.3"):
        return hydra.compose("config", overrides)


@cache
def composed_config(*overrides: str) -> DictConfig:
    """`compose_config`, once per process for the same overrides; change only a copy of it."""
    return compose_config(list(overrides))


def groups() -> list[str]:
    """The configuration groups: the folders of conf/."""
    return sorted(path.name for path in Path(conf.__file__).parent.iterdir() if path.is_dir())


def value_keys(overrides: list[str]) -> list[str]:
    """Dotted keys that overrides set, group choices and Hydra's own left out."""
    parsed = OverridesParser.create().parse_overrides([o for o in overrides if "=" in o])
    return [
        override.key_or_group
        for override in parsed
        if override.key_or_group not in groups()
        and not override.key_or_group.startswith("hydra")
        and not override.is_add()
        and not override.is_delete()
    ]


def baseline(overrides: list[str]) -> DictConfig:
    """The configuration that the overrides' group choices give, without their values."""
    chosen = ("hydra.searchpath", *groups())
    return composed_config(*(o for o in overrides if o.partition("=")[0].lstrip("+~") in chosen))


def known_keys(overrides: list[str]) -> list[str]:
    """Every dotted key of the baseline, inner nodes included."""

    def walk(node: object, prefix: str) -> list[str]:
        if not isinstance(node, dict):
            return []
        inner = (walk(node[name], f"{prefix}{name}.") for name in node)
        return [prefix + name for name in node] + [key for keys in inner for key in keys]

    return [*walk(OmegaConf.to_container(baseline(overrides)), ""), *groups()]


def unknown_keys(overrides: list[str]) -> str:
    """Say which of the overrides' keys the configuration has not, and what was probably meant."""

    def nearest(key: str) -> str:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
        tail = [name for name in known if name.rpartition(".")[2] == key.rpartition(".")[2]]
        names = list(dict.fromkeys([*tail[:1], *near]))
        return f"no option '{key}'. Did you mean {' or '.join(repr(name) for name in names)}?"

    known = known_keys(overrides)
    return "\n".join(nearest(key) for key in value_keys(overrides) if key not in known)


def check_config(config: DictConfig, overrides: list[str]) -> DictConfig:
    """Resolve the composition, refuse values that cannot be meant, and freeze it.

    Args:
        overrides: what the configuration was composed with.

    Raises:
        InputError: no task; a value of another type than the default's; a number that must be
            above zero; a task with another task's data; a size that is no size.
    """
    if config.get("task") is None:
        names = sorted(path.stem for path in Path(conf.__file__).parent.glob("task/*.yaml"))
        raise InputError(f"no task chosen: add task=NAME, one of {', '.join(names)}")
    if config.get("data") is None:
        raise InputError(f"task={config.task.name} names no data set: add data=NAME")
    defaults = baseline(overrides)
    for key in value_keys(overrides):
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
