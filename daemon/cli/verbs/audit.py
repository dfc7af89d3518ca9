"""`am-connector audit`: who did what, and what was refused to whom."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from daemon.cli.audit_views import audit_lines, audit_table
from daemon.cli.listing import LimitOption, SinceOption, UntilOption, show_first
from daemon.cli.moments import read_instant
from daemon.cli.options import JsonOption, UrlOption, examples, new_group
from daemon.cli.output import Output


def create_group() -> typer.Typer:
    """Make the group."""
    group = new_group(
        "audit",
        "Read the audit log: rows are only ever added to it.",
        "am-connector audit list --since 1d",
        "am-connector audit list --result refused",
        "am-connector audit list --action dead_letter --target 42",
    )
    group.command(
        "list",
        epilog=examples(
            "am-connector audit list --since 1d",
            "am-connector audit list --action dead_letter --target 42",
            "am-connector audit list --result refused --limit 1000 --json",
        ),
    )(list_rows)
    return group


def list_rows(  # noqa: PLR0913 - one parameter for each option
    *,
    actor: Annotated[
        str | None, typer.Option("--actor", metavar="NAME", help="By this person, as the token's holder said.")
    ] = None,
    token: Annotated[str | None, typer.Option("--token", metavar="NAME", help="With a token of this name.")] = None,
    action: Annotated[
        str | None, typer.Option("--action", metavar="ACTION", help="queue.paused, or queue for all of its kind.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="TARGET", help="Done to this: an id, the name of a queue.")
    ] = None,
    result: Annotated[Literal["done", "refused"] | None, typer.Option("--result", help="Done, or refused.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 50,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was done and what was refused, newest first."""
    output = Output.standard(is_json=as_json)
    now = datetime.now(UTC)
    filters = {
        "actor": actor,
        "token": token,
        "action": action,
        "target": target,
        "result": result,
        "since": read_instant(since, option="--since", now=now),
        "until": read_instant(until, option="--until", now=now),
    }

    def show(rows: Sequence[Any]) -> None:
        output.table(audit_table(rows, now=now) if output.on_terminal else audit_lines(rows))

    show_first(output, url, "audit", filters, show, limit=limit)
