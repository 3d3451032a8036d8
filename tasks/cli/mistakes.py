"""Tell a user's mistakes from bugs, and turn them into messages."""

import difflib
import re
from collections.abc import Sequence

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from backbone.errors import InputError, about_a_path
from tasks.cli.configuration import unknown_keys
from tasks.cli.overrides import OptionError, choices

MISTAKES = (InputError, HydraException, OmegaConfBaseException)
# Lightning's error for options that contradict each other or the machine; by name, so that nothing
# heavy is imported.
MISCONFIGURED = "MisconfigurationException"

NO_CHOICE = re.compile(r"In '[^']*': Could not find '(?P<group>\w+)/(?P<name>[^']*)'")  # Hydra's


def is_mistake(error: Exception) -> bool:
    """Whether the user caused it. If an object fails to build for another reason, it is a bug."""
    if any(kind.__name__ == MISCONFIGURED for kind in type(error).__mro__):
        return True
    if about_a_path(error) or about_a_path(error.__cause__):
        return True
    if type(error).__name__ != "InstantiationException":
        return isinstance(error, MISTAKES)
    unknown = str(error).startswith("Error locating target")
    return unknown or isinstance(error.__cause__, InputError | TypeError | None)


def messages(error: Exception, overrides: Sequence[str]) -> list[str]:
    """The messages of an error: one for each wrong option, or the error's own text."""
    cause = error.__cause__
    if isinstance(cause, InputError):
        error = cause
    error = about_a_path(error) or about_a_path(cause) or error
    if isinstance(error, OptionError):
        return error.lines
    text = str(error)
    if isinstance(error, InputError):
        # for an error in a loader process, torch wraps the text of a traceback around the message
        return [text.rpartition("InputError: ")[2].strip()]
    if "Could not override" in text and (lines := unknown_keys(overrides)):
        return lines
    text = text.partition("\nConfig search path:")[0].rstrip().expandtabs(2)
    if found := NO_CHOICE.match(text):
        text = no_choice(found["group"], found["name"]) + text[found.end() :].replace(
            "\n  base\n", "\n"
        )
    text = text.replace(", set env var HYDRA_FULL_ERROR=1 to see chained exception.", "")
    return [f"{text}\n{cause}" if isinstance(cause, TypeError) else text]


def no_choice(group: str, name: str) -> str:
    """A message that a group has no such choice, with the nearest one; a list of all follows it."""
    near = difflib.get_close_matches(name, filter(str.isidentifier, choices(group)), 1, 0.5)
    line = f"{group}={name}: there is no such choice"
    if near:
        line += f"; did you mean {group}={near[0]}?"
    elif group == "backbone":
        line += f"; for a network from timm, use backbone=timm backbone.name={name}"
    return line
