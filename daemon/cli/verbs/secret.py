"""`am-connector secret`: a secret typed twice, into the file that a `…_FILE` variable names (R11, R62)."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.errors import UsageError
from daemon.cli.options import examples
from daemon.cli.output import Output
from daemon.cli.secret_files import ask_twice, write_secret


def add_to(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "secret",
        short_help="Type a secret twice, into a file that nobody else may read.",
        epilog=examples(
            "am-connector secret /etc/am-connector/magento-token",
            "CONNECTOR_MAGENTO_TOKEN_FILE=/etc/am-connector/magento-token am-connector run",
        ),
    )(secret)


def secret(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="What a variable CONNECTOR_…_FILE names.")],
) -> None:
    """
    Ask for a secret twice, without showing it, and write it to FILE, readable by its owner only.

    Nothing is written when the two differ. The secret never stands on a command line or in the environment.
    """
    output = Output.standard(is_json=False)
    if not (sys.stdin.isatty() and output.err.is_terminal):
        raise UsageError("a secret is typed twice, and nobody can be asked here: run it on a terminal")
    write_secret(path, ask_twice())
    output.line(f"{os.fspath(path)} was written")
