"""A user's mistakes, told from bugs, and what a user reads of them."""

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from backbone.errors import InputError
from tasks.cli.configuration import unknown_keys

MISTAKES = (InputError, HydraException, OmegaConfBaseException)


def is_mistake(error: Exception) -> bool:
    """Whether the user caused it; an object that fails to build for another reason is a bug."""
    if type(error).__name__ != "InstantiationException":
        return isinstance(error, MISTAKES)
    return isinstance(error.__cause__, InputError | TypeError | None)


def message(error: Exception, overrides: list[str]) -> str:
    """The error's own words, and the nearest names where one of the overrides' keys is unknown."""
    cause = error.__cause__
    if isinstance(cause, InputError):
        error = cause
    text = str(error)
    if isinstance(error, InputError):
        # raised in a loader process, torch wraps the traceback's text around the message
        return text.rpartition("InputError: ")[2].strip()
    if "Could not override" in text:
        return unknown_keys(overrides) or text
    return f"{text}\n{cause}" if isinstance(cause, TypeError) else text
