"""The run's model card beside an exported file."""

from pathlib import Path

from tasks.runs.card import FILE

HEADING = "\n## Exported\n"
SECTION = f"""{HEADING}
`{{file}}` holds the whole answer; `model.json` describes its input and
its outputs. How it compares with the checkpoint:

```
{{found}}
```
"""


class Card:
    """The card of an exported file: that of its run, and what the gate found.

    Args:
        run: the folder of the checkpoint.
        folder: of the exported file. A card in it that no export wrote, such as that of a run,
            stays as it is.
    """

    def __init__(self, run: Path, folder: Path):
        self.source, self.target = run / FILE, folder / FILE
        self.own = not self.target.exists() or HEADING in _text(self.target)

    def texts(self, file: str, found: str) -> dict[str, str]:
        """The card's text under its file's name; empty if there is no card to write.

        Args:
            file: name of the exported file.
            found: by the gate, in a few lines.
        """
        if not (self.own and self.source.is_file()):
            return {}
        return {FILE: _text(self.source) + SECTION.format(file=file, found=found)}

    def remove(self) -> None:
        """Remove the card of an earlier export."""
        if self.own:
            self.target.unlink(missing_ok=True)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
