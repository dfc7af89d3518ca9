"""DAC-based OData: the lists that the contract API lacks (credit terms, statement cycles, cash accounts, …)."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from daemon.sandbox.acumatica.access import Access
from daemon.sandbox.acumatica.errors import PlainFault
from daemon.sandbox.acumatica.rows import JsonObject
from daemon.sandbox.acumatica.settings import AcumaticaSandboxSettings

_LISTS: Mapping[str, Sequence[JsonObject]] = {
    "PX_Objects_CS_Terms": (
        {"TermsID": "30D", "Descr": "Net 30 days"},
        {"TermsID": "COD", "Descr": "Cash on delivery"},
    ),
    "PX_Objects_AR_ARStatementCycle": ({"StatementCycleId": "MONTHLY", "Descr": "End of month"},),
    "PX_Objects_CA_CashAccount": (
        {"CashAccountCD": "10200", "Descr": "Main bank", "CuryID": "USD", "Active": True},
        {"CashAccountCD": "10250", "Descr": "Card clearing", "CuryID": "USD", "Active": True},
    ),
    "PX_Objects_SO_SOOrderType": (
        {"OrderType": "SO", "Descr": "Sales order", "Active": True},
        {"OrderType": "WO", "Descr": "Web order", "Active": True},
        {"OrderType": "RC", "Descr": "Return for credit", "Active": True},
    ),
    "PX_Objects_GL_Branch": ({"BranchCD": "MAIN", "AcctName": "Main"}, {"BranchCD": "WEST", "AcctName": "West"}),
}


def odata(
    access: Access,
    settings: AcumaticaSandboxSettings,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> JsonObject:
    """
    Answer `/t/<tenant>/api/odata/dac/<DAC>`.

    Raises:
        PlainFault: 401, 404.
    """
    parts = unquote(path).strip("/").split("/")
    _authorise(access, settings, headers.get("authorization", ""))
    if parts[2:5] != ["api", "odata", "dac"] or len(parts) != 6 or parts[1] not in settings.tenants:  # noqa: PLR2004 - t, tenant, three words, the DAC
        raise PlainFault(404)
    rows = _LISTS.get(parts[5])
    if rows is None:
        raise PlainFault(404)
    first = int(query.get("$skip", "0"))
    last = first + int(query.get("$top", str(len(rows))))
    return {"@odata.context": f"$metadata#{parts[5]}", "value": list(rows[first:last])}


def _authorise(access: Access, settings: AcumaticaSandboxSettings, authorization: str) -> None:
    """Basic authentication counts as an ordinary user: it takes no API session."""
    if authorization.startswith("Bearer "):
        access.session_of({}, authorization)
        return
    try:
        name, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise PlainFault(401) from error
    if (name, password) != (settings.username, access.password):
        raise PlainFault(401)
