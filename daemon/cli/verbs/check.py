"""`am-connector check`: is everything configured, and is everybody there?"""

import asyncio
import os

import typer

from daemon.cli.exit_codes import DONE
from daemon.cli.options import JsonOption, examples
from daemon.cli.output import Output
from daemon.config import Config


def add_to(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "check",
        short_help="Check configuration, broker, database, Magento, Acumatica.",
        epilog=examples("am-connector check", "am-connector check --json"),
    )(check)


def check(*, as_json: JsonOption = False) -> None:
    """
    Check the configuration, then broker, database, Magento and Acumatica, one line each.

    Exit code 2 with every fault of the configuration; 3 if somebody does not answer; 1 if somebody answers and it will
    not do, such as a database that is not migrated. A Magento or an Acumatica that is not configured is no fault. At
    Acumatica it takes a session of its own for a moment.
    """
    output = Output.standard(is_json=as_json)
    config = Config.from_env(os.environ)
    # Imported only here: it brings the drivers of all of them along.
    from daemon.cli.checking import check_everything, worst  # noqa: PLC0415 - as the comment above says

    findings = asyncio.run(check_everything(config))
    if output.is_json:
        output.document({each.name: {"ok": each.code == DONE, "text": each.text} for each in findings})
    for each in findings:
        output.line(f"{each.name:<13} {'ok' if each.code == DONE else 'NOT OK'}: {each.text}")
    code = worst(findings)
    if code != DONE:
        raise typer.Exit(code)
