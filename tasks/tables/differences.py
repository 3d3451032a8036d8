"""What a run's configuration has otherwise than a row's."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from tasks.runs.directory import NO_INFLUENCE

# Where files lie and what computes: no part of what a row is.
IGNORED = (
    *NO_INFLUENCE,
    "seed",
    "compile",
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
    "trainer.accelerator",
    "trainer.devices",
    "trainer.num_nodes",
    "trainer.strategy",
    "trainer.precision",
)
# Parts whose import paths are no part of what a row is: modules move.
WIRING = ("data.", "task.bench.", "trainer.")
ABSENT = object()


def differences(wanted: DictConfig, run: DictConfig) -> list[str]:
    """`key=value` of each option that a run has otherwise, `~key` of one that it lacks.

    What follows from another option by interpolation is not told again: data.module.year is
    data.year's.

    Args:
        wanted: the row's configuration with its interpolations; is changed.
        run: the run's, resolved.
    """
    OmegaConf.set_struct(wanted, False)
    for key in IGNORED:
        adopt(wanted, key, OmegaConf.select(run, key, default=ABSENT))
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
        # what stands for itself, before what only follows from it
        plain = [key for key in changed if not follows(wanted, key)]
        for key in plain or [min(changed, key=lambda key: (key.count("."), key))]:
            found[key] = theirs.get(key, ABSENT)
            adopt(wanted, key, found[key])
    return [
        f"~{key}" if value is ABSENT else f"{key}={told(value)}" for key, value in found.items()
    ]


def leaves(node: Any, prefix: str = "") -> dict[str, Any]:
    """Dotted key -> value of everything that is no mapping."""
    if not isinstance(node, dict) or not node:
        return {prefix.removesuffix("."): node}
    inner = (
        leaves(value, f"{prefix}{key}.")
        for key, value in node.items()
        if not (key == "_target_" and prefix.startswith(WIRING))
    )
    return {key: value for part in inner for key, value in part.items()}


def follows(config: DictConfig, key: str) -> bool:
    """Whether an option, or a mapping that it is in, is given by an interpolation."""
    node, parts = config, key.split(".")
    for part in parts:
        if not OmegaConf.is_dict(node) or part not in node:
            return False
        if OmegaConf.is_interpolation(node, part):
            return True
        node = node._get_node(part)
    return False


def replaced(key: str, theirs: dict[str, Any]) -> bool:
    """Whether a mapping stands where an option was, or an option where its mapping was."""
    return key not in theirs and any(
        other.startswith(f"{key}.") or key.startswith(f"{other}.") for other in theirs
    )


def adopt(config: DictConfig, key: str, value: Any) -> None:
    """Give an option a value, or take it away; nothing else follows what it then is."""
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


def told(value: Any) -> str:
    """A value as a command line has it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{','.join(map(told, value))}]" if isinstance(value, list) else str(value)
