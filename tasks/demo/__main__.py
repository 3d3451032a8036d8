"""One HTML file in which models answer: no server, no network.

    python -m tasks.demo CHECKPOINT... [--output page.html]

The file holds the models and what runs them. It takes photographs that are dropped or chosen, and
the camera. npm fetches the runtime, onnxruntime-web, the first time.
"""

from collections.abc import Sequence
from pathlib import Path

from backbone.errors import InputError, number_of
from backbone.files import folder_for_results, require_writable, write_atomically
from tasks.cli.arguments import add_trust, command_parser, mistakes_exit
from tasks.demo.runtime import Runtime, read_runtime
from tasks.demo.weights import PRECISIONS
from tasks.export.formats import FORMATS

CACHE = Path("data/cache")  # as conf/config.yaml has it


def demo(
    checkpoints: Sequence[Path],
    output: Path,
    title: str | None = None,
    precision: str = PRECISIONS[0],
    runtime: Path | None = None,
    cache: Path = CACHE,
    trust: Sequence[str] = (),
) -> None:
    """Write the page.

    Args:
        title: above the page; None: the model's task and network, or the suite's name over several.
        precision: of the stored weights, see `narrowed`.
        runtime: folder of the npm package; None: npm fetches it once into the cache.

    Raises:
        InputError: a checkpoint cannot be used, what exports or runs models is missing, or the page
            cannot be written.
    """
    FORMATS["onnx"].require()
    for path in checkpoints:
        if not path.is_file():
            raise InputError(f"{path}: no such checkpoint")
        if path.resolve() == output.resolve():
            raise InputError(f"--output {output} would replace the checkpoint: give another file")
    with folder_for_results(output.parent):
        require_writable(output)
        _write(checkpoints, output, title, precision, read_runtime(runtime, cache), trust)


def _write(
    checkpoints: Sequence[Path],
    output: Path,
    title: str | None,
    precision: str,
    runtime: Runtime,
    trust: Sequence[str],
) -> None:
    # torch enters here, after every cheap answer
    from tasks.demo.assembly import page
    from tasks.demo.earth import earth_paths
    from tasks.demo.models import shown_model, tell_apart

    models = []
    for number, path in enumerate(checkpoints):
        print(f"exporting {path}", flush=True)
        models.append(shown_model(path, number, trust, precision))
    models = tell_apart(models, checkpoints)
    first = models[0].description
    alone = f"{first['title']}, {first['network']}"
    heading = title or (alone if len(models) == 1 else "mobilenet-suite")
    text = page(heading, models, runtime, earth_paths() if any(m.rasters for m in models) else {})
    with write_atomically(output) as partial:
        partial.write_text(text, encoding="utf-8")
    size = output.stat().st_size / 1e6
    print(f"{output}: {size:.1f} MB with {number_of(len(models), 'model')}; open it in a browser")


def main() -> None:
    """The command line; exit code 2 for anything that the user can correct."""
    parser = command_parser("tasks.demo", __doc__)
    parser.add_argument(
        "checkpoints", type=Path, nargs="+", metavar="CHECKPOINT", help="best.ckpt of a run"
    )
    parser.add_argument("--output", type=Path, default=Path("page.html"), help="file to write")
    parser.add_argument("--title", help="above the page")
    parser.add_argument(
        "--weights",
        choices=PRECISIONS,
        default=PRECISIONS[0],
        help="precision that weights are stored in; default: %(default)s",
    )
    parser.add_argument(
        "--runtime",
        type=Path,
        metavar="FOLDER",
        help="of the npm package onnxruntime-web; by default npm fetches it once",
    )
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of downloads")
    add_trust(parser)
    given = parser.parse_args()
    with mistakes_exit():
        demo(
            given.checkpoints,
            given.output,
            given.title,
            given.weights,
            given.runtime,
            given.cache,
            given.trust,
        )


if __name__ == "__main__":
    main()
