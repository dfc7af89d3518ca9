"""`am-connector migrate`: the database brought to the schema of this release."""

import asyncio
import os
from typing import Annotated

import typer

from daemon import variables
from daemon.cli.options import JsonOption, examples
from daemon.cli.output import Output
from daemon.environment import EnvironmentReader
from daemon.secret import Secret


def add_to(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("migrate", epilog=examples("am-connector migrate", "am-connector migrate --wait 300"))(migrate)


def migrate(
    *,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, max=86_400, help="For a database that is starting.")
    ] = 60,
    as_json: JsonOption = False,
) -> None:
    """
    Bring the database to the schema of this release.

    Safe to repeat, and to start on several machines at once. Only CONNECTOR_DATABASE_URL is needed.
    """
    output = Output.standard(is_json=as_json)
    url = read_database_url()
    # Imported only here: the other verbs start in half the time without SQLAlchemy and alembic.
    from daemon.cli.migrating import migrate_when_there  # noqa: PLC0415 - as the comment above says

    asyncio.run(migrate_when_there(url.reveal(), wait_seconds=wait, tell=output.note))
    if output.is_json:
        output.document({"migrated": True})
    else:
        output.line("the database has the schema of this release")


def read_database_url() -> Secret:
    """
    Read the one variable that is needed.

    Raises:
        ConfigurationError: it is not set or wrong, or there is an unknown name.
    """
    reader = EnvironmentReader(os.environ)
    reader.refuse_unknown(variables.VARIABLES)
    url = reader.read(variables.DATABASE_URL)
    reader.finish()
    if url is None:
        raise AssertionError("a required variable that is not set is a fault, and faults were raised")
    return url
