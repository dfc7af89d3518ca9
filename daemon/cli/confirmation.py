"""Asking before much is changed."""

import sys

from daemon.cli.errors import UsageError
from daemon.cli.output import Output


def confirm(output: Output, question: str, *, count: int, yes: bool) -> bool:
    """
    Ask *question* on the terminal; nothing to do, or `--yes`, needs no answer.

    Raises:
        UsageError: nobody is there to be asked.
    """
    if yes or count == 0:
        return True
    if not (sys.stdin.isatty() and output.err.is_terminal):
        raise UsageError(f"{question} Nobody can be asked here: give --yes")
    output.err.file.write(f"{question} [y/N] ")
    output.err.file.flush()
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    output.note("nothing was changed")
    return False
