"""`am-connector audit`: who did what, and what was refused to whom."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import typer

from daemon.cli.audit_views import audit_lines, audit_table
from daemon.cli.moments import read_moment
from daemon.cli.options import JsonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.session import over_api

MOST: Final = 1_000_000


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
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="30m, 2h, 7d, 2026-11-21, 2026-11-21T10:00.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Before; written as --since.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST, help="Rows at most.")] = 50,
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
        "since": None if since is None else read_moment(since, option="--since", now=now).isoformat(),
        "until": None if until is None else read_moment(until, option="--until", now=now).isoformat(),
    }
    rows = over_api(url, lambda api: api.first_items("audit", limit=limit + 1, **filters))
    is_more, rows = len(rows) > limit, rows[:limit]
    if output.is_json:
        output.document({"items": rows, "more": is_more})
        return
    output.table(audit_table(rows, now=now) if output.on_terminal else audit_lines(rows))
    if is_more:
        output.note(f"there are more than {limit:,}: give a higher --limit, or filters")
