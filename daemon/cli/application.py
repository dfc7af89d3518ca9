"""The command line as a whole: its verbs, and how whatever happens becomes an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from daemon import __version__
from daemon.cli.access import describe_faults
from daemon.cli.errors import CommandError
from daemon.cli.exit_codes import BROKEN_PIPE, DONE, FAILED, INTERRUPTED, USAGE
from daemon.cli.options import examples
from daemon.cli.texts import safe
from daemon.cli.verbs import (
    audit,
    check,
    connections,
    dead_letters,
    events,
    intake,
    logs,
    migrate,
    queues,
    reference_data,
    run,
    sandbox,
    schema,
    secret,
    settings,
    syncs,
    tokens,
    uninstall,
)
from daemon.environment import ConfigurationError

NAME = "am-connector"

_EPILOG = (
    examples(
        "am-connector migrate && am-connector run",
        "am-connector events publish prices.csv --type to_magento.pricing",
        "am-connector queues",
        "am-connector dead-letters list --since 2h",
        "am-connector dead-letters reprocess --all",
    )
    + "\n\n\b\nExit codes: 0 done, 1 failed, 2 usage or configuration, 3 not reachable."
    + "\nEvery setting is an environment variable CONNECTOR_…; `am-connector check` tells what is wrong with them."
)


def create_application() -> typer.Typer:
    """Put the verbs together."""
    app = typer.Typer(
        name=NAME,
        help="Keep Acumatica ERP and a Magento store in step: run the connector, and operate a running one.",
        epilog=_EPILOG,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    for verb in (run, migrate, check, secret, uninstall, sandbox):
        verb.add_to(app)
    for group in (
        events,
        syncs,
        queues,
        dead_letters,
        settings,
        schema,
        reference_data,
        logs,
        intake,
        connections,
        tokens,
        audit,
    ):
        app.add_typer(group.create_group())
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Args:
        arguments: without the program's name; None: those of this process.

    Returns:
        The exit code, one of `daemon.cli.exit_codes`.
    """
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout once more at its end: into nothing, so that it does not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code


def _invoke(arguments: Sequence[str] | None) -> int:
    command = typer.main.get_command(create_application())
    try:
        result: Any = command.main(args=arguments, prog_name=NAME, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit:
        # The way typer ends when stdout breaks; nobody else here does so.
        return BROKEN_PIPE
    except (TyperException, ConfigurationError, CommandError, OSError) as error:
        return _told(error)
    return result if isinstance(result, int) else DONE


def _told(error: TyperException | ConfigurationError | CommandError | OSError) -> int:
    """Tell what ended the verb, and give the exit code that it asks for."""
    match error:
        case TyperException():
            # Errors of usage know how to show themselves, with the usage line of their verb.
            show = getattr(error, "show", None)
            if callable(show):
                show()
            else:
                _complain(error.format_message())
            return error.exit_code
        case ConfigurationError():
            _complain(describe_faults(error))
            return USAGE
        case CommandError():
            _complain(str(error))
            return error.exit_code
        case OSError(filename=str() as name):
            _complain(f"{name}: {error.strerror}")
            return FAILED
        case _:
            # A bug, or a machine in trouble: the traceback is what helps.
            raise error


def _complain(text: str) -> None:
    sys.stderr.write(f"{NAME}: {safe(text, keep=chr(10))}\n")


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer hands the value over by position
    if wanted:
        sys.stdout.write(f"{NAME} {__version__}\n")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Tell the version.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """Do nothing: `--version` has answered before, and the verbs follow."""
    del version
