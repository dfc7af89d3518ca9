"""`am-connector tokens`: who has access to the daemon, and what they may do."""

import os
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import typer

from daemon.cli.moments import local, parse_instant
from daemon.cli.options import JsonOption, ReasonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.session import api_session, over_api
from daemon.cli.texts import one_line
from daemon.cli.token_views import meant, read_expiry, token_table

Role = Literal["viewer", "publisher", "operator", "admin"]
MOST: Final = 10_000


def create_group() -> typer.Typer:
    """Make the group."""
    group = new_group(
        "tokens",
        "Make, list and revoke the tokens that open API, pages and these commands.",
        "am-connector tokens create --name 'shop floor' --role operator --expires 90d",
        "am-connector tokens list",
        "am-connector tokens revoke 7 --reason 'terminal was stolen'",
    )
    group.command(
        "create",
        epilog=examples(
            "am-connector tokens create --name 'shop floor' --role operator --expires 90d",
            "am-connector tokens create --name erp --role publisher --expires never > erp.token",
        ),
    )(create)
    group.command("list", epilog=examples("am-connector tokens list --all"))(list_tokens)
    group.command(
        "revoke",
        epilog=examples(
            "am-connector tokens revoke 7 --reason 'terminal was stolen'", "am-connector tokens revoke 'shop floor'"
        ),
    )(revoke)
    return group


def create(
    *,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Of the person or system that will hold it.")],
    role: Annotated[
        Role,
        typer.Option(
            "--role",
            help="viewer looks; publisher only brings events in; operator also reprocesses, discards, pauses; "
            "admin also changes settings and tokens.",
        ),
    ],
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="WHEN", help="12h, 90d, 2027-06-30, or never; otherwise in a year."),
    ] = None,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """
    Make a token. It is written to stdout, this once; nobody can show it again.

    To change a token make another under the same name, hand it out, then revoke the older one by its id.
    """
    output = Output.standard(is_json=as_json)
    document = {"name": name, "role": role, **read_expiry(expires, now=datetime.now(UTC))}
    if reason:
        document["reason"] = reason
    made = over_api(url, lambda api: api.post("tokens", document=document)).document
    if output.is_json:
        output.document(made)
        return
    expires_at = parse_instant(made["expires_at"])
    until = "without an end" if expires_at is None else f"until {local(expires_at)}"
    output.note(one_line(f"token {made['id']} of {made['name']}, {made['role']}, {until}; it is shown only now:"))
    output.raw(one_line(made["token"]))


def list_tokens(
    *,
    every: Annotated[bool, typer.Option("--all", help="Those that have ended or were revoked as well.")] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the tokens in force, newest first, with their last use."""
    output = Output.standard(is_json=as_json)
    state = "all" if every else "live"
    tokens = over_api(url, lambda api: api.first_items("tokens", limit=MOST, state=state))
    if output.is_json:
        output.document({"items": tokens})
    else:
        output.table(token_table(tokens, now=datetime.now(UTC)))
        if "CONNECTOR_ADMIN_TOKEN" in os.environ and output.on_terminal:
            output.note("beside them CONNECTOR_ADMIN_TOKEN is in force, for admin", style="dim")


def revoke(
    token: Annotated[str, typer.Argument(metavar="ID|NAME", help="One by its id, or all of a name.")],
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take tokens out of force for good, with the browser sessions that were opened with them."""
    output = Output.standard(is_json=as_json)
    document = {"reason": reason} if reason else {}
    with api_session(url) as session:
        listed = [] if token.isdecimal() else session.do(lambda api: api.first_items("tokens", limit=MOST))
        revoked = [session.post("tokens", str(each), "revoke", document=document) for each in meant(listed, token)]
    if output.is_json:
        output.document({"revoked": revoked})
    else:
        for each in revoked:
            output.line(one_line(f"token {each['id']} of {each['name']} is revoked"))
