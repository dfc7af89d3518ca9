"""`am-connector syncs`: sync everything, what changed, or single records; and what became of the runs."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from daemon.cli.errors import UsageError
from daemon.cli.options import JsonOption, ReasonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.session import over_api
from daemon.cli.sync_views import run_table, sync_table

NameArgument = Annotated[str, typer.Argument(metavar="SYNC", help="What to sync: product, or to_magento.product.")]

_KEYS_A_CALL: Final = 5_000


def create_group() -> typer.Typer:
    """Make the group; without a verb it lists the syncs."""
    group = new_group(
        "syncs",
        "List the syncs, sync now, sync single records, show and stop runs.",
        "am-connector syncs",
        "am-connector syncs run product --complete --reason 'new catalogue'",
        "am-connector syncs records product AC-1001 AC-1002",
        "am-connector syncs records pricing --file skus.txt",
    )
    group.info.no_args_is_help = False
    group.callback(invoke_without_command=True)(list_syncs)
    group.command(
        "run",
        short_help="Sync now: what changed since the last success, or everything.",
        epilog=examples("am-connector syncs run product", "am-connector syncs run category --complete"),
    )(run)
    group.command(
        "records",
        short_help="Sync single records by their keys, or a file of keys.",
        epilog=examples(
            "am-connector syncs records product AC-1001", "am-connector syncs records pricing --file skus.txt"
        ),
    )(records)
    group.command("runs", short_help="List runs, newest first.", epilog=examples("am-connector syncs runs"))(runs)
    group.command(
        "stop",
        short_help="Stop a run; what it has noted still goes out.",
        epilog=examples("am-connector syncs stop 17"),
    )(stop)
    return group


def list_syncs(context: typer.Context, *, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """List the syncs: last run, its state, records that wait to be looked at."""
    if context.invoked_subcommand is not None:
        context.obj = {"url": url, "as_json": as_json}
        return
    output = Output.standard(is_json=as_json)
    answer = over_api(url, lambda api: api.get("syncs")).document
    if output.is_json:
        output.document(answer)
    else:
        output.table(sync_table(answer["items"], now=datetime.now(UTC)))


def run(
    context: typer.Context,
    name: NameArgument,
    *,
    complete: Annotated[
        bool, typer.Option("--complete", help="All records, not only those changed since the last success.")
    ] = False,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sync now: ask for a run; it goes on by itself, `syncs runs` shows how far it is."""
    kind: Literal["complete", "changes"] = "complete" if complete else "changes"
    answer = _post(context, url, "syncs", name, "run", document=_document(reason, kind=kind))
    output = _output(context, as_json=as_json)
    if output.is_json:
        output.document(answer)
    else:
        since = answer["since"]
        what = f"changes since {since}" if since else "all records"
        output.line(f"run {answer['id']} of {answer['sync']}: {what}; follow it with `am-connector syncs runs`")


def records(
    context: typer.Context,
    name: NameArgument,
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="Keys of the records.")] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Keys, one a line; - for standard input.")
    ] = None,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sync single records: they are looked at in the ERP at once and go into their queue."""
    wanted = [*(keys or []), *_read_keys(file)]
    if not wanted:
        raise UsageError("no keys: give them as arguments, or as --file FILE with one a line")
    output = _output(context, as_json=as_json)
    answers = []
    for first in range(0, len(wanted), _KEYS_A_CALL):
        part = wanted[first : first + _KEYS_A_CALL]
        answers.append(_post(context, url, "syncs", name, "records", document=_document(reason, keys=part)))
        if not output.is_json:
            output.line(f"{answers[-1]['sync']}: {first + len(part):,} of {len(wanted):,} noted")
    if output.is_json:
        output.document({"noted": len(wanted), "answers": answers})


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
    wanted = _full(sync) if sync else None
    answer = over_api(_url(context, url), lambda api: api.get("sync-runs", limit=limit, sync=wanted)).document
    if output.is_json:
        output.document(answer)
    else:
        output.table(run_table(answer["items"], now=datetime.now(UTC)))


def stop(
    context: typer.Context,
    run_id: Annotated[int, typer.Argument(metavar="RUN", min=1, help="The run's number, as `syncs runs` shows it.")],
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


def _read_keys(file: Path | None) -> Sequence[str]:
    if file is None:
        return []
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _full(sync: str) -> str:
    return sync if "." in sync else f"to_magento.{sync}"


def _document(reason: str, **fields: object) -> dict[str, object]:
    return {**fields, **({"reason": reason} if reason else {})}


def _url(context: typer.Context, url: str | None) -> str | None:
    return url or (context.obj or {}).get("url")


def _output(context: typer.Context, *, as_json: bool) -> Output:
    return Output.standard(is_json=as_json or (context.obj or {}).get("as_json", False))


def _post(context: typer.Context, url: str | None, *path: str, document: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
    return over_api(_url(context, url), lambda api: api.post(*path, document=document)).document
