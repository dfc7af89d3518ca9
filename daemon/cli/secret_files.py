"""Secrets typed by people, written where a daemon reads them."""

import getpass
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from daemon.cli.errors import UsageError
from daemon.secret import Secret


def ask_twice(ask: Callable[[str], str] = getpass.getpass) -> Secret:
    """
    Ask for a secret twice.

    Args:
        ask: shows a prompt and gives what was typed, without showing it.

    Raises:
        UsageError: it was empty, or the two differ.
    """
    first, second = ask("Secret: "), ask("The same again: ")
    if first != second:
        raise UsageError("the two differ; nothing was written")
    if not first.strip():
        raise UsageError("a secret is not empty; nothing was written")
    return Secret(first)


def write_secret(path: Path, secret: Secret) -> None:
    """
    Put *secret* in the place of *path* whole, readable by its owner only, whatever stood there.

    Raises:
        OSError: it could not be written; what stood there still does.
    """
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # readable by us only, from the start
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(f"{secret.reveal()}\n")
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
