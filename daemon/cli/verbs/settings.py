"""`am-connector settings`: the Queue Processing Settings and the settings document: show, change, history, restore."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from daemon.cli.api_client import ApiClient
from daemon.cli.document_views import (
    differences,
    document_table,
    documents_table,
    is_of_document,
    read_document_changes,
    read_document_file,
)
from daemon.cli.errors import UsageError
from daemon.cli.options import JsonOption, ReasonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.session import over_api
from daemon.cli.settings_views import changes, history_table, read_changes, settings_table, version_line

PATH: Final = ("settings", "queue-processing")
DOCUMENT: Final = ("settings",)


def create_group() -> typer.Typer:
    """Make the group."""
    group = new_group(
        "settings",
        "Show and change the settings: the Queue Processing Settings, and group by group all others.",
        "am-connector settings show",
        "am-connector settings set retry_count=5 batch_count=50 --reason 'sale week'",
        "am-connector settings set retry_count=default",
        "am-connector settings show price inventory",
        "am-connector settings set inventory.warehouses=MAIN,EAST syncs.product.enabled=true",
        "am-connector settings history",
        "am-connector settings restore 3 --reason 'as before the sale'",
    )
    group.command(
        "show",
        epilog=examples(
            "am-connector settings show",
            "am-connector settings show price inventory",
            "am-connector settings show --all --json",
        ),
    )(show)
    group.command(
        "set",
        epilog=examples(
            "am-connector settings set retry_count=5 batch_count=50 --reason 'sale week'",
            "am-connector settings set outage_policy=hold max_in_flight.product_status=8",
            "am-connector settings set threshold_count=default",
            "am-connector settings set price.source=sales_price orders.types_to_shop=SO,CT",
            "am-connector settings set --file settings.json",
        ),
    )(set_settings)
    group.command(
        "history",
        epilog=examples("am-connector settings history --limit 5", "am-connector settings history --document"),
    )(history)
    group.command("restore", epilog=examples("am-connector settings restore 3", "am-connector settings restore 0"))(
        restore
    )
    return group


def show(
    groups: Annotated[list[str] | None, typer.Argument(metavar="[GROUP...]", help="Groups of the document.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All groups of the document.")] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the Queue Processing Settings in force, or groups of the whole document, with defaults and advice."""
    output = Output.standard(is_json=as_json)
    if groups or everything:
        _show_document(groups or [], output, url)
        return
    settings = over_api(url, lambda api: api.get(*PATH)).document
    if output.is_json:
        output.document(settings)
        return
    output.table(settings_table(settings))
    output.note(version_line(settings, now=datetime.now(UTC)), style="dim")
    for advice in settings.get("advice") or ():
        output.note(f"advice: {advice}", style="yellow")


def _show_document(groups: list[str], output: Output, url: str | None) -> None:
    current = over_api(url, lambda api: api.get(*DOCUMENT)).document
    table = document_table(current["settings"], groups)
    if output.is_json:
        kept = {name: each for name, each in current["settings"].items() if not groups or name in groups}
        output.document({**current, "settings": kept})
        return
    output.table(table)
    output.note(version_line(current, now=datetime.now(UTC)), style="dim")
    for advice in current.get("advice") or ():
        output.note(f"advice: {advice}", style="yellow")


def set_settings(
    assignments: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE...]", help="`default` takes one back.")
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", help="A JSON file with a part of the document, laid over it.")
    ] = None,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """
    Change settings, in force from the start of the next check.

    What is not named stays as it is. All faults are told at once, and then nothing is changed; nor is anything when
    somebody else changed the settings in the same moment.
    """
    output = Output.standard(is_json=as_json)
    told = assignments or []
    if (file is None) == (not told):
        raise UsageError("either settings as NAME=VALUE or --file must be given")
    if file is not None or any(map(is_of_document, told)):
        _set_document(told, file, output, reason=reason, url=url)
        return
    document = read_changes(told)

    async def change(api: ApiClient) -> tuple[dict[str, object], dict[str, object]]:
        before = await api.get(*PATH)
        after = await api.patch(*PATH, document=document, if_match=before.etag, reason=reason)
        return before.document, after.document

    before, after = over_api(url, change)
    if output.is_json:
        output.document(after)
        return
    output.line(f"version {after['version']}: {changes(before, after)}")
    advice = after.get("advice")
    for each in advice if isinstance(advice, list) else ():
        output.note(f"advice: {each}", style="yellow")


def _set_document(told: list[str], file: Path | None, output: Output, *, reason: str, url: str | None) -> None:
    patch = None if file is None else read_document_file(file)

    async def change(api: ApiClient) -> tuple[dict[str, Any], dict[str, Any]]:
        before = await api.get(*DOCUMENT)
        wanted = read_document_changes(told, before.document["settings"]) if patch is None else patch
        after = await api.patch(*DOCUMENT, document=wanted, if_match=before.etag, reason=reason)
        return before.document, after.document

    before, after = over_api(url, change)
    _tell(output, before, after)


def _tell(output: Output, before: dict[str, Any], after: dict[str, Any]) -> None:
    if output.is_json:
        output.document(after)
        return
    output.line(f"version {after['version']}: {differences(before['settings'], after['settings'])}")
    for advice in after.get("advice") or ():
        output.note(f"advice: {advice}", style="yellow")


def restore(
    version: Annotated[int, typer.Argument(min=0, help="The version of the document; 0: the defaults.")],
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put an older version of the document in force again, as a new one; the Queue Processing Settings stay."""

    async def bring_back(api: ApiClient) -> tuple[dict[str, Any], dict[str, Any]]:
        before = await api.get(*DOCUMENT)
        after = await api.post(*DOCUMENT, "restore", document={"version": version, "reason": reason})
        return before.document, after.document

    before, after = over_api(url, bring_back)
    _tell(Output.standard(is_json=as_json), before, after)


def history(
    *,
    document: Annotated[bool, typer.Option("--document", help="Of the document, not of the queue settings.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Versions at most.")] = 20,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who changed what, newest first."""
    output = Output.standard(is_json=as_json)
    if document:
        found = over_api(url, lambda api: api.first_items(*DOCUMENT, "history", limit=limit))
        if output.is_json:
            output.document({"items": found})
        else:
            output.table(documents_table(found, now=datetime.now(UTC)))
        return
    # One more than shown: what a version changed is told against the one before it.
    versions = over_api(url, lambda api: api.first_items(*PATH, "history", limit=limit + 1))
    if output.is_json:
        output.document({"items": versions[:limit], "more": len(versions) > limit})
        return
    table = history_table(versions, now=datetime.now(UTC))
    output.table(table.first(limit))
    if not versions:
        output.note("the settings were never changed")
