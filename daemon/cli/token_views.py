"""Tokens as admins see and name them; the tokens themselves are never among it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from daemon.cli.errors import UsageError
from daemon.cli.moments import local, parse_instant, read_future, relative
from daemon.cli.table import Column, Table

_STATE_STYLES: Final = {"live": "green", "revoked": "red", "expired": "yellow"}


def token_table(tokens: Sequence[Mapping[str, Any]], *, now: datetime, zone: tzinfo | None = None) -> Table:
    """Make the table of *tokens*."""
    rows = []
    for each in tokens:
        expires_at, used_at = parse_instant(each["expires_at"]), parse_instant(each["last_used_at"])
        used = "never" if used_at is None else f"{relative(used_at, now)} from {each['last_used_from']}"
        created_at = parse_instant(each["created_at"])
        rows.append(
            (
                str(each["id"]),
                str(each["name"]),
                str(each["role"]),
                str(each["state"]),
                "never" if expires_at is None else local(expires_at, zone=zone),
                used,
                "-" if created_at is None else f"{relative(created_at, now)} by {each['created_by']}",
            )
        )
    return Table(
        columns=(
            Column(heading="ID", align="right"),
            Column(heading="NAME", gives=2, narrowest=8),
            Column(heading="ROLE"),
            Column(heading="STATE", styles=_STATE_STYLES),
            Column(heading="EXPIRES"),
            Column(heading="LAST USED", gives=1, narrowest=12),
            Column(heading="MADE", gives=3, narrowest=10),
        ),
        rows=rows,
    )


def read_expiry(text: str | None, *, now: datetime) -> dict[str, object]:
    """
    Read `--expires` as the member of the API's document; nothing where it was not given.

    Raises:
        UsageError: it is neither a time nor `never`.
    """
    if text is None:
        return {}
    if text.strip().lower() == "never":
        return {"expires_at": None}
    return {"expires_at": read_future(text, option="--expires", now=now).isoformat()}


def meant(tokens: Sequence[Mapping[str, Any]], wanted: str) -> list[int]:
    """
    Give the ids of the *tokens* in force that *wanted* means: one by its id, or all of a name.

    Raises:
        UsageError: there is none.
    """
    if wanted.isdecimal():
        return [int(wanted)]
    found = [int(each["id"]) for each in tokens if each["name"] == wanted]
    if not found:
        raise UsageError(f"no token in force has the name {wanted[:100]!r}; see am-connector tokens list")
    return found
