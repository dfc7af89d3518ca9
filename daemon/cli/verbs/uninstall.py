"""`am-connector uninstall`: what there is of an instance at the broker, and taking it away."""

import asyncio
import getpass
import os
from typing import Annotated

import typer

from daemon import variables
from daemon.cli.confirmation import confirm
from daemon.cli.options import JsonOption, ReasonOption, YesOption, examples
from daemon.cli.output import Output
from daemon.cli.silence import silence_logs
from daemon.cli.texts import counted
from daemon.environment import EnvironmentReader


def add_to(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "uninstall",
        short_help="Show, or delete, an instance's queues and exchanges.",
        epilog=examples("am-connector uninstall", "am-connector uninstall --delete --reason 'the shop was closed'"),
    )(uninstall)


def uninstall(
    *,
    delete: Annotated[bool, typer.Option("--delete", help="Delete them, after asking.")] = False,
    discard_messages: Annotated[
        bool, typer.Option("--discard-messages", help="Although queues hold messages, which are then lost.")
    ] = False,
    yes: YesOption = False,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> None:
    """
    Show what there is of CONNECTOR_INSTANCE at the broker; with --delete take it away.

    Only while the intake is stopped and no daemon works on it. The database is left as it is: Failed messages,
    settings and the audit log stay, and whoever wants them gone drops the database.
    """
    output = Output.standard(is_json=as_json)
    reader = EnvironmentReader(os.environ)
    reader.refuse_unknown(variables.VARIABLES)
    broker, database = reader.read(variables.BROKER_URL), reader.read(variables.DATABASE_URL)
    instance = reader.read(variables.INSTANCE)
    reader.finish()
    if broker is None or database is None or instance is None:
        raise AssertionError("a required variable that is not set is a fault, and faults were raised")
    silence_logs()
    # Imported only here: it brings the drivers of broker and database along.
    from daemon.cli.uninstalling import Place, look_at, refuse, take_away  # noqa: PLC0415 - as the comment above says
    from queues.postgres.audit import Act  # noqa: PLC0415 - as above

    place = Place(instance=instance, broker_url=broker, database_url=database)
    remains = asyncio.run(look_at(place))
    for queue in remains.queues:
        output.line(f"queue {queue.name}: {counted(queue.messages, 'message')}")
    if not remains.queues:
        output.line(f"the broker has no queue of {instance}")
    left = [f"{count:,} {state}" for state, count in sorted(remains.letters.items())]
    output.line(
        f"in the database, left as it is: {counted(remains.waiting, 'message')} waiting, "
        f"open dead letters: {', '.join(left) or 'none'}"
    )
    deleted = False
    if delete:
        refuse(remains, discard_messages=discard_messages)
        question = f"Delete {counted(len(remains.queues), 'queue')} and the exchanges of {instance}?"
        if confirm(output, question, count=len(remains.queues) + 1, yes=yes):
            act = Act(actor=getpass.getuser(), reason=reason)
            asyncio.run(take_away(place, act, discard_messages=discard_messages))
            deleted = True
            output.line("deleted")
    else:
        for obstacle in remains.obstacles:
            output.note(f"it may not be deleted yet: {obstacle}")
    if output.is_json:
        output.document(
            {
                "instance": instance,
                "queues": [{"queue": each.name, "messages": each.messages} for each in remains.queues],
                "exchanges": remains.exchanges,
                "waiting": remains.waiting,
                "dead_letters": remains.letters,
                "obstacles": remains.obstacles,
                "deleted": deleted,
            }
        )
