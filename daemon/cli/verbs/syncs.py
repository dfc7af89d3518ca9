"""`am-connector syncs`: sync everything, what changed, or some records; what became of it, what was passed over."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from daemon.cli.key_import import import_file
from daemon.cli.moments import read_moment
from daemon.cli.options import JsonOption, ReasonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.run_log import follow_log
from daemon.cli.session import over_api
from daemon.cli.sync_views import run_table, skipped_table, sync_table

NameArgument = Annotated[str, typer.Argument(metavar="SYNC", help="A sync, product, or a kind of records, pricing.")]
RunArgument = Annotated[int, typer.Argument(metavar="RUN", min=1, help="The run's number, as `syncs runs` shows it.")]


def create_group() -> typer.Typer:
    """Make the group; without a verb it lists the syncs."""
    group = new_group(
        "syncs",
        "List the syncs, sync now, sync single records, follow and stop runs, show what was passed over.",
        "am-connector syncs",
        "am-connector syncs run product --complete --reason 'new catalogue'",
        "am-connector syncs records product AC-1001 AC-1002",
        "am-connector syncs import inventory_price skus.csv",
    )
    group.info.no_args_is_help = False
    group.callback(invoke_without_command=True)(list_syncs)
    group.command(
        "run",
        short_help="Sync now: what changed since the last success, or everything.",
        epilog=examples("am-connector syncs run product --follow", "am-connector syncs run category --complete"),
    )(run)
    group.command(
        "records",
        short_help="Sync single records by their keys.",
        epilog=examples("am-connector syncs records product AC-1001"),
    )(records)
    group.command(
        "import",
        short_help="Sync the records of a file of keys.",
        epilog=examples(
            "am-connector syncs import product skus.txt",
            "am-connector syncs import inventory_price sheet.csv    # a column InventoryID, perhaps one Active",
            "export-skus | am-connector syncs import product -",
        ),
    )(import_keys)
    group.command("runs", short_help="List runs, newest first.", epilog=examples("am-connector syncs runs"))(runs)
    group.command(
        "log",
        short_help="Show what a run tells; --follow while it runs.",
        epilog=examples("am-connector syncs log 17 --follow"),
    )(log)
    group.command(
        "stop",
        short_help="Stop a run; what it has noted still goes out.",
        epilog=examples("am-connector syncs stop 17"),
    )(stop)
    group.command(
        "skipped",
        short_help="List records that were passed over, and why.",
        epilog=examples(
            "am-connector syncs skipped --key AC-1001", "am-connector syncs skipped --reason item_not_active"
        ),
    )(skipped)
    return group


def list_syncs(
    context: typer.Context,
    *,
    show_all: Annotated[bool, typer.Option("--all", help="Those that are not enabled, too.")] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the syncs that are enabled: direction, last run, next start, records that wait to be looked at."""
    if context.invoked_subcommand is not None:
        context.obj = {"url": url, "as_json": as_json}
        return
    output = Output.standard(is_json=as_json)
    answer = over_api(url, lambda api: api.get("syncs", show="all" if show_all else "enabled")).document
    if output.is_json:
        output.document(answer)
        return
    output.table(sync_table(answer["items"], now=datetime.now(UTC)))
    if not answer["items"]:
        output.note("no sync is enabled: `am-connector syncs --all` lists them all, such as syncs.product.enabled")


def run(
    context: typer.Context,
    name: NameArgument,
    *,
    complete: Annotated[
        bool, typer.Option("--complete", help="All records, not only those changed since the last success.")
    ] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show what it tells until it is over.")] = False,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sync now: ask for a run; it goes on by itself, `syncs log` shows how far it is."""
    kind: Literal["complete", "changes"] = "complete" if complete else "changes"
    answer = _post(context, url, "syncs", name, "run", document=_document(reason, kind=kind))
    output = _output(context, as_json=as_json)
    if output.is_json and not follow:
        output.document(answer)
        return
    since = answer["since"]
    what = f"changes since {since}" if since else "all records"
    hint = "" if follow else f"; follow it with `am-connector syncs log {answer['id']} --follow`"
    output.line(f"run {answer['id']} of {answer['sync']}: {what}{hint}")
    if follow:
        follow_log(_url(context, url), answer["id"], output)


def records(
    context: typer.Context,
    name: NameArgument,
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="Keys of the records.")],
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sync single records: they are looked at in the ERP at once and go into their queue."""
    answer = _post(context, url, "syncs", name, "records", document=_document(reason, keys=keys))
    output = _output(context, as_json=as_json)
    if output.is_json:
        output.document(answer)
    else:
        output.line(f"{answer['sync']}: {len(keys):,} to be looked at")


def import_keys(
    context: typer.Context,
    name: NameArgument,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="One key a line, or a CSV; - for a pipe.")],
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """
    Sync the records of a file: one key a line, or a CSV with a column key, Entity CD, InventoryID or SKU.

    Rows whose column Active says no are left out. Every line that holds no key is told; exit code 1 if there was one.
    """
    output = _output(context, as_json=as_json)
    import_file(_url(context, url), name, file, reason=reason, output=output)


def runs(
    context: typer.Context,
    *,
    sync: Annotated[str | None, typer.Option("--sync", metavar="SYNC", help="Of this sync only.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="Newest runs shown.")] = 20,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs, newest first: state, how many records were noted, the error if there was one."""
    output = _output(context, as_json=as_json)
    answer = over_api(_url(context, url), lambda api: api.get("sync-runs", limit=limit, sync=sync)).document
    if output.is_json:
        output.document(answer)
    else:
        output.table(run_table(answer["items"], now=datetime.now(UTC)))


def log(
    context: typer.Context,
    run_id: RunArgument,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Until the run is over.")] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a run tells: where it is, what it found, how it ended. Exit code 1 if it ended with an error."""
    output = _output(context, as_json=as_json)
    follow_log(_url(context, url), run_id, output, to_its_end=follow)


def stop(
    context: typer.Context,
    run_id: RunArgument,
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a run that waits or is under way; records it has noted still go out."""
    answer = _post(context, url, "sync-runs", str(run_id), "stop", document=_document(reason))
    output = _output(context, as_json=as_json)
    if output.is_json:
        output.document(answer)
    else:
        output.line(f"run {answer['id']} of {answer['sync']}: stopped after {answer['noted']:,} records")


def skipped(  # noqa: PLR0913 - one option a filter
    context: typer.Context,
    *,
    queue: Annotated[str | None, typer.Option(metavar="QUEUE", help="Of this queue, by its full name.")] = None,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="Of this record.")] = None,
    why: Annotated[str | None, typer.Option("--reason", metavar="WORD", help="item_not_active, not_found …")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From then on: 2h, 2026-11-21.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="Newest shown.")] = 50,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List records that were passed over, newest first: at the look in the ERP, or when they were to be sent."""
    output = _output(context, as_json=as_json)
    now = datetime.now(UTC)
    times = {
        name: None if text is None else read_moment(text, option=f"--{name}", now=now).isoformat()
        for name, text in (("since", since), ("until", until))
    }
    wanted = {"queue": queue, "key": key, "reason": why, **times}
    answer = over_api(_url(context, url), lambda api: api.get("skipped-records", limit=limit, **wanted)).document
    if output.is_json:
        output.document(answer)
    else:
        output.table(skipped_table(answer["items"], now=now))


def _document(reason: str, **fields: object) -> dict[str, object]:
    return {**fields, **({"reason": reason} if reason else {})}


def _url(context: typer.Context, url: str | None) -> str | None:
    return url or (context.obj or {}).get("url")


def _output(context: typer.Context, *, as_json: bool) -> Output:
    return Output.standard(is_json=as_json or (context.obj or {}).get("as_json", False))


def _post(context: typer.Context, url: str | None, *path: str, document: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
    return over_api(_url(context, url), lambda api: api.post(*path, document=document)).document
