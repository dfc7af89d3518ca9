"""`am-connector run`: the daemon itself, in the foreground."""

import os

import typer

from daemon.cli.options import examples
from daemon.config import Config


def add_to(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "run",
        epilog=examples(
            "CONNECTOR_BROKER_URL=amqp://guest:guest@127.0.0.1/ \\",
            "CONNECTOR_DATABASE_URL=postgresql://connector@127.0.0.1/connector am-connector run",
        ),
    )(run)


def run() -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C."""
    config = Config.from_env(os.environ)
    # Imported only here: the other verbs start in half the time without the whole service.
    from daemon.serve import serve  # noqa: PLC0415 - as the comment above says

    raise typer.Exit(serve(config))
