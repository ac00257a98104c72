"""The one error for what a user can mend."""


class WrongInput(ValueError):
    """A setting or a file that cannot work.

    The message names the setting or the file, the value, and what is allowed or what to do.
    Commands print it without a traceback and exit with status 2.
    """
