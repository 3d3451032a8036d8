"""The layers of the code: which room may import which, held by reading every import."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.conftest import ROOT

# From the bottom up. A room imports only from rooms further down; rooms in one line are siblings
# and never import each other.
LAYERS = (
    {"backbone", "conf"},
    {"tasks.runs", "tasks.images"},
    {"tasks.cli", "tasks.data"},
    {"tasks.training"},
    {"tasks.distillation"},
    {"tasks.classification", "tasks.detection", "tasks.faces", "tasks.geolocation"},
    {"tasks.samples", "tasks.export", "tasks.joint"},
    {"tasks.tables", "tasks.benchmarks", "tasks.demo"},
    {"tasks"},  # the commands, and what `import tasks` offers
)
COMMANDS = {"__init__", "bench", "compare", "join", "predict", "run", "sweeps", "teacher"}
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}


def room_of(module: str) -> str:
    """The room of a module: its package below `tasks`, or the top package."""
    parts = module.split(".")
    if parts[0] != "tasks":
        return parts[0]
    package = ".".join(parts[:2])
    return package if (ROOT / package.replace(".", "/")).is_dir() else "tasks"


def modules() -> dict[str, Path]:
    """Every module of the project -> its file."""
    found = {}
    for top in ("backbone", "tasks", "conf"):
        for path in (ROOT / top).rglob("*.py"):
            name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
            found[name.removesuffix(".__init__")] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> set[str]:
    """The project's modules that a file imports anywhere, for its types alone too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        found |= {name for name in names if name in known}
    # `from package import module` names both; the package's own file is no more than its docstring
    return {n for n in found if not any(other.startswith(f"{n}.") for other in found)}


@pytest.fixture(scope="module")
def arrows() -> dict[str, set[str]]:
    """Module -> the modules it imports."""
    known = modules()
    return {name: imports(path, known) - {name} for name, path in known.items()}


def test_every_room_has_its_layer(arrows):
    assert {room_of(module) for module in arrows} == set(LEVEL)


def test_rooms_import_only_from_further_down(arrows):
    wrong = [
        f"{module} imports {other}"
        for module, others in arrows.items()
        for other in others
        if room_of(other) != room_of(module) and LEVEL[room_of(other)] >= LEVEL[room_of(module)]
    ]
    assert not wrong, "\n".join(sorted(wrong))


def test_no_module_imports_itself_through_others(arrows):
    done, path = set(), []

    def visit(module: str) -> None:
        if module in path:
            raise AssertionError(" -> ".join([*path[path.index(module) :], module]))
        if module not in done:
            path.append(module)
            for other in sorted(arrows[module]):
                visit(other)
            path.pop()
            done.add(module)

    for module in sorted(arrows):
        visit(module)


def test_only_commands_stand_at_the_root_of_tasks():
    assert {path.stem for path in (ROOT / "tasks").glob("*.py")} <= COMMANDS


def test_public_functions_and_classes_have_names_of_their_own():
    """But for `main`, and the samples, whose drawings share words such as `head`."""
    places = defaultdict(list)
    for name, path in modules().items():
        if room_of(name) == "tasks.samples":
            continue
        for node in ast.parse(path.read_text()).body:
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            if isinstance(node, kinds) and not node.name.startswith("_") and node.name != "main":
                places[node.name].append(name)
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert not twice
