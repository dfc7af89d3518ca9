"""`am-connector schema`: Schema Management: which fields of the ERP take part."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import typer

from daemon.cli.options import JsonOption, ReasonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.session import over_api
from daemon.cli.table import Column, Table

EntityArgument = Annotated[
    Literal["product", "category", "customer"], typer.Argument(metavar="ENTITY", help="product, category, customer.")
]
FieldsArgument = Annotated[
    list[str], typer.Argument(metavar="FIELD...", help="Schema names: Content, Attributes.COLOUR.")
]


def create_group() -> typer.Typer:
    """Make the group."""
    group = new_group(
        "schema",
        "Show, refresh and tick the ERP's fields: only active ones are sent, and only their changes go out.",
        "am-connector schema refresh product",
        "am-connector schema show product --active",
        "am-connector schema activate product Content Attributes.COLOUR",
    )
    group.command("show", epilog=examples("am-connector schema show product --active"))(show)
    group.command(
        "refresh",
        short_help="Refresh Schema: read the ERP's fields; new ones come in inactive.",
        epilog=examples("am-connector schema refresh product --reason 'new attributes'"),
    )(refresh)
    group.command("activate", epilog=examples("am-connector schema activate product Content"))(activate)
    group.command("deactivate", epilog=examples("am-connector schema deactivate product Content"))(deactivate)
    group.command(
        "preset",
        short_help="Switch on the fields preselected at installation.",
        epilog=examples("am-connector schema preset customer"),
    )(preset)
    return group


def show(
    entity: EntityArgument,
    *,
    active: Annotated[bool, typer.Option("--active", help="Only those that take part.")] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the fields of an entity by tab."""
    output = Output.standard(is_json=as_json)
    found = over_api(url, lambda api: api.get("schema", entity)).document
    if output.is_json:
        output.document(found)
        return
    rows = [row for row in _rows(found) if not active or row[3] == "yes"]
    output.table(
        Table(
            columns=(
                Column(heading="TAB"),
                Column(heading="SCHEMA", gives=1, narrowest=12),
                Column(heading="DISPLAY NAME", gives=1, narrowest=12),
                Column(heading="ACTIVE"),
                Column(heading="WRITTEN TO"),
            ),
            rows=rows,
        )
    )


def refresh(
    entity: EntityArgument, *, reason: ReasonOption = "", url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """
    Read the ERP's fields and lay them beside the schema.

    New fields come in inactive, ticks stay, fields the ERP does not have any more are marked and not sent.
    """
    output = Output.standard(is_json=as_json)
    found = over_api(url, lambda api: api.post("schema", entity, "refresh", document={"reason": reason})).document
    if output.is_json:
        output.document(found)
        return
    for word, names in (("new", found["added"]), ("vanished", found["vanished"]), ("back", found["returned"])):
        if names:
            output.line(f"{word}: {', '.join(names)}")
    output.line(_summary(found))


def activate(
    entity: EntityArgument,
    fields: FieldsArgument,
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have fields take part."""
    _tick(entity, dict.fromkeys(fields, True), reason=reason, url=url, as_json=as_json)


def deactivate(
    entity: EntityArgument,
    fields: FieldsArgument,
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have fields not take part any more."""
    _tick(entity, dict.fromkeys(fields, False), reason=reason, url=url, as_json=as_json)


def preset(
    entity: EntityArgument, *, reason: ReasonOption = "", url: UrlOption = None, as_json: JsonOption = False
) -> None:
    """Switch on the fields that are preselected at installation; other ticks stay."""
    output = Output.standard(is_json=as_json)
    found = over_api(url, lambda api: api.post("schema", entity, "preset", document={"reason": reason})).document
    _tell(output, found)


def _tick(entity: str, ticks: Mapping[str, bool], *, reason: str, url: str | None, as_json: bool) -> None:
    document = {"active": dict(ticks), "reason": reason}
    found = over_api(url, lambda api: api.patch("schema", entity, document=document, if_match=None, reason="")).document
    _tell(Output.standard(is_json=as_json), found)


def _tell(output: Output, found: Mapping[str, Any]) -> None:
    if output.is_json:
        output.document(found)
    else:
        output.line(_summary(found))


def _summary(found: Mapping[str, Any]) -> str:
    rows = list(_rows(found))
    active = sum(row[3] == "yes" for row in rows)
    return f"{found['entity']}: {active} of {len(rows)} fields active, version {found['version']}"


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    for tab in found["tabs"]:
        for field in tab["fields"]:
            state = "missing" if field["is_missing"] else "yes" if field["active"] else "no"
            written = f"{field['api_path']}{field['api_name'] or ''}" if field["api_path"] else "-"
            yield tab["tab"], field["schema"], field["name"], state, written
