"""The one error for what a user can mend, and the one for what a machine ran out of."""


class WrongInput(ValueError):
    """A setting or a file that cannot work.

    The message names the setting or the file, the value, and what is allowed or what to do.
    Commands print it without a traceback and exit with status 2.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class MachineFailed(RuntimeError):
    """What stopped a run from outside: a full disk, no memory, a worker process that was killed.

    The message has the remedy; commands print it without a traceback and exit with status 1. The run can be resumed.
    """


def printable(text: str) -> str:
    r"""The same with everything that is no character to print, such as \x1b out of a damaged file, as Python has it."""
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)
