"""CelebA's forty attributes, each read off what was drawn, as `tables/attributes.csv` says.

Most are parts of the drawing. Some need a rule where a person would judge:

- `Attractive` was a judgement of CelebA's labellers. Here it stands for something anyone can see:
  a symmetric face with clear skin, without blemishes and without bags under the eyes.
- `Male` is drawn with a broader jaw and neck, heavier and lower brows, bare lashes, and mostly
  short hair; `Young` without wrinkles.
- `No_Beard` is a chin and jaws without any hair, stubble included. A mustache alone is no beard.
- `Goatee` is hair around the chin only; a full beard has a mustache and sideburns but no goatee.
- What a hat hides is absent: `Bald`, `Bangs`, `Receding_Hairline`. A shaven head has no colour.
- `Straight_Hair` and `Wavy_Hair` need hair long enough to tell; cropped hair, a bun and tight
  curls are neither.
"""

from typing import Any

from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.look import Look
from tasks.samples.tables import table

_SEEN = {row["attribute"]: row["seen"].split() for row in table("attributes")}
ATTRIBUTES = tuple(_SEEN)


def attributes(face: Identity, look: Look) -> dict[str, bool]:
    """Return what can be seen of `face` as it looks in one picture, in CelebA's order."""
    traits = vars(face) | vars(look)
    short = look.style == "short" and look.hat is None
    traits["falls"] = look.style in ("bob", "long", "ponytail") or short
    return {name: all(_holds(rule, traits) for rule in rules) for name, rules in _SEEN.items()}


def _holds(rule: str, traits: dict[str, Any]) -> bool:
    """Say whether a trait is there, `bags` or `beard=goatee|circle`, or is not, `!hat`."""
    trait, _, values = rule.removeprefix("!").partition("=")
    value = traits[trait]
    holds = value in values.split("|") if values else bool(value)
    return holds != rule.startswith("!")
