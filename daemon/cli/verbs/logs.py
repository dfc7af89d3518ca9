"""`am-connector logs`: the sync log: filter it, clean it, flush it; and the notices of bulk requests."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from daemon.cli.confirmation import confirm
from daemon.cli.listing import LimitOption, SinceOption, UntilOption, show_first
from daemon.cli.log_views import log_table
from daemon.cli.moments import local_and_relative, parse_instant, read_instant
from daemon.cli.options import JsonOption, ReasonOption, UrlOption, YesOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.session import over_api

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Change nothing, tell the number.")]


def create_group() -> typer.Typer:
    """Make the group."""
    group = new_group(
        "logs",
        "Read, clean and flush the sync log: a row a request, with the outcome of every record in it.",
        "am-connector logs list --level error --since 1d",
        "am-connector logs list --key AC-1001",
        "am-connector logs clean --dry-run",
        "am-connector logs flush --reason 'after the trial'",
    )
    group.command(
        "list",
        epilog=examples(
            "am-connector logs list --level error --since 1d",
            "am-connector logs list --entity pricing --action sales_price_update",
            "am-connector logs list --key AC-1001 --json",
        ),
    )(list_entries)
    group.command(
        "clean",
        short_help="Drop what is past its lifetime, without waiting for the schedule.",
        epilog=examples("am-connector logs clean --dry-run", "am-connector logs clean --reason 'disk is full'"),
    )(clean)
    group.command(
        "flush",
        short_help="Delete every entry.",
        epilog=examples("am-connector logs flush --dry-run", "am-connector logs flush --yes"),
    )(flush)
    group.command("notices", epilog=examples("am-connector logs notices"))(notices)
    return group


def list_entries(  # noqa: PLR0913 - one parameter for each option
    *,
    queue: Annotated[str | None, typer.Option("--queue", metavar="QUEUE", help="Of this queue, by its full name.")] = (
        None
    ),
    entity: Annotated[str | None, typer.Option("--entity", metavar="ENTITY", help="pricing, product …")] = None,
    action: Annotated[str | None, typer.Option("--action", metavar="ACTION", help="price_update …")] = None,
    level: Annotated[
        Literal["debug", "info", "warning", "error"] | None, typer.Option("--level", help="Of this level only.")
    ] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="KEY", help="With this record in it.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 50,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the requests made, newest first."""
    output = Output.standard(is_json=as_json)
    now = datetime.now(UTC)
    filters = {
        "queue": queue,
        "entity": entity,
        "action": action,
        "level": level,
        "key": key,
        "since": read_instant(since, option="--since", now=now),
        "until": read_instant(until, option="--until", now=now),
    }

    def show(rows: Sequence[Any]) -> None:
        output.table(log_table(rows, now=now))

    show_first(output, url, "sync-log", filters, show, limit=limit)


def clean(
    *, dry_run: DryRunOption = False, reason: ReasonOption = "", url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """Drop the days that are past `logging.lifetime_days`; archived before, if the settings say so."""
    output = Output.standard(is_json=as_json)
    document = {"dry_run": dry_run, "reason": reason}
    done = over_api(url, lambda api: api.post("sync-log", "clean", document=document)).document
    if output.is_json:
        output.document(done)
    elif done["before"] is None:
        output.line("logging.lifetime_days is 0: the log is kept for ever")
    else:
        output.line(f"{_entries(done)} of before {done['before'][:10]} {'would be' if dry_run else 'were'} dropped")


def flush(
    *,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """
    Delete every entry of the sync log, archived or not, after asking.

    Queues, dead letters with their attempts, and the audit log are not touched.
    """
    output = Output.standard(is_json=as_json)
    counted = over_api(url, lambda api: api.post("sync-log", "flush", document={"dry_run": True})).document
    if not dry_run:
        if not confirm(output, f"Delete {_entries(counted)} of the sync log?", count=counted["entries"], yes=yes):
            return
        document = {"confirm": True, "until": counted["until"], "reason": reason}
        counted = over_api(url, lambda api: api.post("sync-log", "flush", document=document)).document
    if output.is_json:
        output.document(counted)
    else:
        output.line(f"{_entries(counted)} {'would be' if dry_run else 'were'} deleted")


def notices(*, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show the bulk requests of the last day, if `logging.bulk_notices` is true."""
    output = Output.standard(is_json=as_json)
    found = over_api(url, lambda api: api.get("notices")).document
    if output.is_json:
        output.document(found)
        return
    now = datetime.now(UTC)
    for each in found["items"]:
        at = parse_instant(each["at"])
        when = "-" if at is None else local_and_relative(at, now)
        output.line(f"{when}  {each['text']}", style="red" if each["level"] == "error" else None)
    if not found["items"]:
        output.note("there are no notices; logging.bulk_notices switches them on")


def _entries(counted: dict[str, Any]) -> str:
    return f"{counted['entries']:,} {'entry' if counted['entries'] == 1 else 'entries'}"
