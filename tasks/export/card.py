"""The run's model card beside an exported file."""

from pathlib import Path

from tasks.runs.card import FILE
from tasks.runs.directory import write_whole

SECTION = """
## Exported

`{file}` holds the whole answer; `model.json` describes its input and
its outputs. How it compares with the checkpoint:

```
{found}
```
"""


class Card:
    """The card of an exported file: that of its run, and what the gate found.

    Args:
        run: the folder of the checkpoint.
        folder: of the exported file. If it is the run's own, the run's card stays as it is.
    """

    def __init__(self, run: Path, folder: Path):
        self.source, self.target = run / FILE, folder / FILE
        self.apart = folder.resolve() != run.resolve()

    def write(self, file: str, found: str) -> None:
        """Write it; without a card of the run there is none.

        Args:
            file: name of the exported file.
            found: by the gate, in a few lines.
        """
        if not self.apart:
            return
        self.remove()
        if self.source.is_file():
            text = self.source.read_text(encoding="utf-8", errors="replace")
            write_whole(self.target, text + SECTION.format(file=file, found=found))

    def remove(self) -> None:
        """Remove that of an earlier export."""
        if self.apart:
            self.target.unlink(missing_ok=True)
