"""Lists that the contract API lacks, read over OData from the site's own tables (DACs)."""

import base64
from dataclasses import dataclass
from typing import Any, Final

from daemon.acumatica.client import AcumaticaClient, Answered, Call, NotDone
from daemon.acumatica.wire import wrong_form
from daemon.secret import Secret
from queues.verdicts import Refused

_PAGE_ROWS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ODataAccess:
    """
    How OData is spoken to: with name and password, beside whatever session the client has.

    Attributes:
        tenant: login name of the tenant; None: the one that signing in has landed on.
    """

    username: str
    password: Secret
    tenant: str | None

    def authorization(self) -> Secret:
        """Write the header."""
        text = f"{self.username}:{self.password.reveal()}"
        return Secret(f"Basic {base64.b64encode(text.encode()).decode()}")


async def read_table(client: AcumaticaClient, access: ODataAccess, table: str) -> list[dict[str, Any]] | NotDone:
    """Read every row of a table, `PX_Objects_CS_Terms`, page by page to the empty one."""
    tenant = access.tenant or next(iter(sorted(client.tenants)), None)
    if tenant is None:
        await client.endpoint()  # signs in
        tenant = next(iter(sorted(client.tenants)), None)
    if tenant is None:
        text = f"{table} is read over OData, which needs the tenant: set CONNECTOR_ACUMATICA_TENANT"
        return NotDone(verdict=Refused(error_class="mapping", text=text))
    header = access.authorization().reveal()
    rows: list[dict[str, Any]] = []
    while True:
        reply = await client.call(
            Call(
                method="GET",
                segments=("t", tenant, "api", "odata", "dac", table),
                query=(("$top", str(_PAGE_ROWS)), ("$skip", str(len(rows)))),
                headers={"Authorization": header},
                secrets=(header.removeprefix("Basic "), access.password.reveal()),
                is_on_endpoint=False,
                renews=False,
            )
        )
        if isinstance(reply, NotDone):
            return reply
        page = _rows(reply)
        if page is None:
            return NotDone(verdict=wrong_form(reply.exchange, f"the answer is no list of {table}"))
        if not page:
            return rows
        rows += page


def _rows(reply: Answered) -> list[dict[str, Any]] | None:
    value = reply.document.get("value") if isinstance(reply.document, dict) else None
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        return None
    return value
