"""`am-connector reference-data`: the ERP's lists that settings refer to."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from daemon.cli.exit_codes import FAILED
from daemon.cli.moments import local_and_relative, parse_instant
from daemon.cli.options import JsonOption, ReasonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.session import over_api
from daemon.cli.table import Column, Table


def create_group() -> typer.Typer:
    """Make the group; without a verb it lists the lists."""
    group = new_group(
        "reference-data",
        "Show and fetch the ERP's lists that settings refer to: warehouses, classes, order types, terms, accounts.",
        "am-connector reference-data",
        "am-connector reference-data show warehouses",
        "am-connector reference-data refresh",
        "am-connector reference-data refresh order_types customer_classes",
    )
    group.info.no_args_is_help = False
    group.callback(invoke_without_command=True)(list_lists)
    group.command("show", epilog=examples("am-connector reference-data show warehouses"))(show)
    group.command(
        "refresh",
        short_help="Fetch all lists anew, or some.",
        epilog=examples("am-connector reference-data refresh", "am-connector reference-data refresh warehouses"),
    )(refresh)
    return group


def list_lists(context: typer.Context, *, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """List the lists with their age."""
    if context.invoked_subcommand is not None:
        return
    _show(Output.standard(is_json=as_json), over_api(url, lambda api: api.get("reference-data")).document)


def show(
    kind: Annotated[str, typer.Argument(metavar="LIST", help="warehouses, order_types …")],
    *,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one list with its entries."""
    output = Output.standard(is_json=as_json)
    found = over_api(url, lambda api: api.get("reference-data", kind)).document
    if output.is_json:
        output.document(found)
        return
    rows = [(each["code"], each["description"], "" if each["is_active"] else "no") for each in found["entries"]]
    output.table(
        Table(
            columns=(
                Column(heading="CODE"),
                Column(heading="DESCRIPTION", gives=1, narrowest=10),
                Column(heading="ACTIVE"),
            ),
            rows=rows,
        )
    )
    output.note(_age(found, datetime.now(UTC)), style="dim")


def refresh(
    kinds: Annotated[list[str] | None, typer.Argument(metavar="[LIST...]", help="All without any.")] = None,
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch lists anew; one that does not come keeps what it had, and the exit code is 1."""
    output = Output.standard(is_json=as_json)
    document: dict[str, object] = {"reason": reason, **({"kinds": kinds} if kinds else {})}
    found = over_api(url, lambda api: api.post("reference-data", "refresh", document=document)).document
    _show(output, found)
    if any(each["error"] for each in found["items"]):
        raise typer.Exit(FAILED)


def _show(output: Output, found: Mapping[str, Any]) -> None:
    if output.is_json:
        output.document(found)
    else:
        output.table(_table(found["items"], datetime.now(UTC)))


def _table(lists: Sequence[Mapping[str, Any]], now: datetime) -> Table:
    return Table(
        columns=(
            Column(heading="LIST"),
            Column(heading="ENTRIES", align="right"),
            Column(heading="FETCHED"),
            Column(heading="TROUBLE", gives=1, narrowest=10),
        ),
        rows=[(each["kind"], f"{each['count']:,}", _age(each, now), each["error"] or "-") for each in lists],
    )


def _age(found: Mapping[str, Any], now: datetime) -> str:
    fetched_at = parse_instant(found["fetched_at"])
    return "never" if fetched_at is None else local_and_relative(fetched_at, now)
