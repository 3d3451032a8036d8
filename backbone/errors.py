"""The one exception that stands for a mistake in what the user gave."""


class InputError(ValueError):
    """A mistake in the user's input: what was wrong, where (file, id, line) and what to do.

    Programs print its message without a traceback and leave with exit code 2.
    """
