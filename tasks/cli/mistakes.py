"""A user's mistakes, told from bugs, and what a user reads of them."""

from collections.abc import Sequence

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from backbone.errors import InputError
from tasks.cli.configuration import unknown_keys
from tasks.cli.overrides import OptionError

MISTAKES = (InputError, HydraException, OmegaConfBaseException)
# Lightning's word for options that do not go with each other or with the machine; by its name, so
# that nothing heavy is imported to tell.
MISCONFIGURED = "MisconfigurationException"


def is_mistake(error: Exception) -> bool:
    """Whether the user caused it; an object that fails to build for another reason is a bug."""
    if any(kind.__name__ == MISCONFIGURED for kind in type(error).__mro__):
        return True
    if type(error).__name__ != "InstantiationException":
        return isinstance(error, MISTAKES)
    unknown = str(error).startswith("Error locating target")
    return unknown or isinstance(error.__cause__, InputError | TypeError | None)


def messages(error: Exception, overrides: Sequence[str]) -> list[str]:
    """The error in its own words, or one message for each option that is wrong."""
    cause = error.__cause__
    if isinstance(cause, InputError):
        error = cause
    if isinstance(error, OptionError):
        return error.lines
    text = str(error)
    if isinstance(error, InputError):
        # raised in a loader process, torch wraps the traceback's text around the message
        return [text.rpartition("InputError: ")[2].strip()]
    if "Could not override" in text and (lines := unknown_keys(overrides)):
        return lines
    text = text.partition("\nConfig search path:")[0].rstrip().expandtabs(2)
    text = text.replace(", set env var HYDRA_FULL_ERROR=1 to see chained exception.", "")
    return [f"{text}\n{cause}" if isinstance(cause, TypeError) else text]
