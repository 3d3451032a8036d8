"""How a run's configuration differs from a row's."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from tasks.runs.directory import NO_INFLUENCE, SINCE_0_1_0

# Where files are and what computes does not define a row.
IGNORED = (
    *NO_INFLUENCE,
    "seed",
    "compile",
    "data.decode",
    "data.root",
    "data.train",
    "data.val",
    "data.test",
    "data.images",
    "data.train_images",
    "data.val_images",
    "data.labels",
    "data.val_labels",
    "data.minival_ids",
    "data.list",
    "data.verification.root",
    "data.verification.pairs",
    "task.bench",
    "trainer.accelerator",
    "trainer.devices",
    "trainer.num_nodes",
    "trainer.strategy",
    "trainer.precision",
)
# Parts whose import paths do not define a row, because modules move.
WIRING = ("data.", "trainer.")
ABSENT = object()


def differences(wanted: DictConfig, run: DictConfig) -> list[str]:
    """`key=value` for each option that differs in a run, `~key` for each that it lacks.

    An option that follows from another one by interpolation is not repeated, as data.module.year
    follows data.year.

    Args:
        wanted: the row's configuration with its interpolations; it is changed.
        run: the run's configuration, resolved.
    """
    OmegaConf.set_struct(wanted, False)
    without_teacher = [] if run.get("distill") else ["task.distillation"]
    for key in (*IGNORED, *without_teacher):
        adopt(wanted, key, OmegaConf.select(run, key, default=ABSENT))
    for key, earlier in SINCE_0_1_0.items():
        if OmegaConf.select(run, key, default=ABSENT) is ABSENT and (
            OmegaConf.select(wanted, key) == earlier
        ):
            adopt(wanted, key, ABSENT)
    theirs, found = leaves(OmegaConf.to_container(run)), {}
    while True:
        ours = leaves(OmegaConf.to_container(wanted, resolve=True))
        changed = [
            key
            for key in ours | theirs
            if ours.get(key, ABSENT) != theirs.get(key, ABSENT) and not replaced(key, theirs)
        ]
        if not changed:
            break
        # first options that stand for themselves, then those that follow from others
        plain = [key for key in changed if not follows(wanted, key)]
        for key in plain or [min(changed, key=lambda key: (key.count("."), key))]:
            found[key] = theirs.get(key, ABSENT)
            adopt(wanted, key, found[key])
    return [
        f"~{key}" if value is ABSENT else f"{key}={as_argument(value)}"
        for key, value in found.items()
    ]


def leaves(node: Any, prefix: str = "") -> dict[str, Any]:
    """Dotted key -> value, for every value that is not a mapping."""
    if not isinstance(node, dict) or not node:
        return {prefix.removesuffix("."): node}
    inner = (
        leaves(value, f"{prefix}{key}.")
        for key, value in node.items()
        if not (key == "_target_" and prefix.startswith(WIRING))
    )
    return {key: value for part in inner for key, value in part.items()}


def follows(config: DictConfig, key: str) -> bool:
    """Whether an option, or a mapping that contains it, is given by an interpolation."""
    node: Any = config
    for part in key.split("."):
        if not OmegaConf.is_dict(node) or part not in node:
            return False
        if OmegaConf.is_interpolation(node, part):
            return True
        node = node._get_node(part)
    return False


def replaced(key: str, theirs: dict[str, Any]) -> bool:
    """Whether a mapping has replaced an option, or an option the mapping that contained it."""
    return key not in theirs and any(
        other.startswith(f"{key}.") or key.startswith(f"{other}.") for other in theirs
    )


def adopt(config: DictConfig, key: str, value: Any) -> None:
    """Set an option or remove it, without effect on a mapping that it was interpolated from."""
    parent, _, leaf = key.rpartition(".")
    if parent and follows(config, parent):
        mapping = OmegaConf.select(config, parent)
        OmegaConf.update(config, parent, OmegaConf.to_container(mapping, resolve=True))
    if value is not ABSENT:
        OmegaConf.update(config, key, value, force_add=True)
        return
    node = OmegaConf.select(config, parent) if parent else config
    if OmegaConf.is_dict(node):
        node.pop(leaf, None)


def as_argument(value: Any) -> str:
    """A value as written on a command line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{','.join(map(as_argument, value))}]" if isinstance(value, list) else str(value)
