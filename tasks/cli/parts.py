"""The parts of a joint task on the command line; each is a composition of its own.

`task=joint task.parts=[ssd_coco,pets] parts.pets.task=image_folder parts.pets.data.root=...` makes
two further compositions, `task=ssd_coco` and `task=image_folder data.root=...`. They share the
trunk, the seed, the mode and the folders of the joint task.
"""

from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf

from tasks.cli.overrides import OptionError, parse_overrides
from tasks.runs.parts import OWN, PARTS

SHARED = ("mode", "backbone", "seed", "augment", "trust", "hydra.searchpath")
TRUNK_WEIGHTS = "backbone.weights"  # of the shared trunk; a part may name those of its head
SHARED_NODES = ("backbone.", "paths.")
OF_ALL_DATA = ("name", "kind", "combine", "view", "module")  # what a joint task's data node reads
ADDED = "added$"  # for each + before an override, see `for_hydra`


def misplaced(key: str) -> str:
    """Why an option of a joint task as a whole has no effect there; empty if it has one."""
    root, _, rest = key.partition(".")
    if root == "preprocess" or (root == "data" and rest and rest.split(".")[0] not in OF_ALL_DATA):
        return f"each part has its own: set {PARTS}.NAME.{key}"
    return ""


def is_of_a_part(override: str) -> bool:
    """Whether an override is for a part, as in `parts.ssd_coco.data.root=/coco`."""
    return override.lstrip("+~").startswith(f"{PARTS}.")


def of_the_whole(overrides: Sequence[str]) -> list[str]:
    """The overrides that are not for a part."""
    return [override for override in overrides if not is_of_a_part(override)]


def for_hydra(override: str) -> str:
    """An override in a form that Hydra composes on its own, as its launchers and sweepers do.

    Hydra knows no parts: theirs become values under one key each, `parts$pets$data$root`. `$` is in
    no option's name.
    """
    if not is_of_a_part(override):
        return override
    mark, rest = _marked(override)
    key, _, value = rest.partition("=")
    return f"++{ADDED * len(mark)}{key.replace('.', '$')}={value}"


def from_hydra(override: str) -> str:
    """The reverse of `for_hydra`, for the command of a job."""
    key, equals, value = override.lstrip("+").partition("=")
    mark = "+" * key.count(ADDED)
    key = key.replace(ADDED, "")
    if not key.startswith(f"{PARTS}$"):
        return override
    return f"{mark}{key.replace('$', '.')}{equals}{value}"


def _marked(override: str) -> tuple[str, str]:
    """What an override begins with, such as + to add an option, and the rest."""
    rest = override.lstrip("+~")
    return override[: len(override) - len(rest)], rest


def part_names(config: DictConfig) -> list[str] | None:
    """The names of the parts of a composed configuration; None if the task is not a joint one.

    Raises:
        OptionError: a name is not valid, or used twice.
    """
    task = config.get("task")
    if task is None or "parts" not in task or OmegaConf.is_missing(task, "parts"):
        return None
    found = task.parts
    names = list(found) if OmegaConf.is_list(found) else [found]
    if not names or not all(isinstance(name, str) and name.isidentifier() for name in names):
        raise OptionError(
            [
                f"task.parts={found}: must be a list of names in letters, digits and _, such as "
                "[ssd_coco,planet]"
            ]
        )
    for name in names:
        if names.count(name) > 1:
            raise OptionError(
                [
                    f"task.parts: two parts are called {name}: rename one to {name}_2, for "
                    f"example, and add parts.{name}_2.task={name}"
                ]
            )
    return names


def overrides_of_parts(names: Sequence[str], overrides: Sequence[str]) -> dict[str, list[str]]:
    """The overrides that each part is composed with.

    Raises:
        OptionError: an override for a part that does not exist, or for an option that all share.
    """
    shared = [
        o.input_line or ""
        for o in parse_overrides(of_the_whole(overrides))
        if o.key_or_group in SHARED
        or (o.key_or_group.startswith(SHARED_NODES) and o.key_or_group != TRUNK_WEIGHTS)
    ]
    own: dict[str, list[str]] = {name: [] for name in names}
    lines = []
    for override in filter(is_of_a_part, overrides):
        mark, rest = _marked(override)
        key, equals, value = rest.removeprefix(f"{PARTS}.").partition("=")
        name, _, key = key.partition(".")
        rest = key + equals + value
        root = rest.partition("=")[0].partition(".")[0].partition("/")[0]
        if name not in own:
            lines.append(
                f"{override}: there is no part {name!r} in task.parts, only {', '.join(names)}"
            )
        elif root not in OWN:
            lines.append(
                f"{override}: a part only has its own {', '.join(OWN)}; all other options are "
                f"shared: set {rest or 'it'} without {PARTS}.{name}"
            )
        else:
            own[name].append(mark + rest)
    if lines:
        raise OptionError(lines)
    return {
        name: [*([] if _names_task(mine) else [f"task={name}"]), *shared, *mine]
        for name, mine in own.items()
    }


def _names_task(overrides: Sequence[str]) -> bool:
    return any(override.startswith("task=") for override in overrides)
