"""The two roles of deploy/postgresql/roles.sql, under names of a test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from tests.services import complete, statements

SCRIPT = Path(__file__).resolve().parents[1] / "deploy" / "postgresql" / "roles.sql"
_PASSWORD = "password-of-a-role-of-the-tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """URLs of one database for whoever migrates it and for whoever works with it."""

    owner_url: str
    app_url: str


@contextmanager
def roles_of(url: str, *, extensions: bool = True) -> Iterator[Roles]:
    """
    Run the script on the database of *url*, whose user is a superuser; the roles are gone afterwards.

    Without *extensions* it is a database that was not given any.
    """
    suffix = uuid4().hex[:12]
    owner, app = f"owner_{suffix}", f"app_{suffix}"
    script = SCRIPT.read_text().replace("'connector_owner'", f"'{owner}'").replace("'connector_app'", f"'{app}'")
    passwords = [f"alter role {name} password '{_PASSWORD}'" for name in (owner, app)]
    # Twice: it may be run again at will.
    complete(statements(url, [script, script, *passwords, *([] if extensions else ["drop extension pg_trgm"])]))
    try:
        yield Roles(owner_url=_with_user(url, owner), app_url=_with_user(url, app))
    finally:
        dropped = [f"drop owned by {name} cascade" for name in (app, owner)]
        complete(statements(url, [*dropped, f"drop role {app}", f"drop role {owner}"]))


def _with_user(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}:{_PASSWORD}@{parts.netloc.rpartition('@')[2]}"))
