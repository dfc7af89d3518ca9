"""Test Connection: what stands between us and the ERP, told apart."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from daemon.acumatica.classification import is_session_limit
from daemon.acumatica.client import AcumaticaClient, Call, NotDone
from daemon.acumatica.endpoints import Endpoint
from queues.verdicts import Refused, Unreachable

Reason: TypeAlias = Literal[
    "",
    "unreachable",
    "unauthorised",
    "wrong_tenant",
    "session_limit",
    "rate_limited",
    "missing_endpoint",
    "missing_permission",
    "wrong_path",
    "unexpected",
]


_CHEAP_READ: Final = Call(method="GET", segments=("TaxCategory",), query=(("$top", "1"), ("$select", "TaxCategoryID")))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """
    What a test of the connection found.

    Attributes:
        ok: the ERP answers, accepts the credentials and has the endpoint.
        reason: stable, for programs; empty when it is well.
        detail: for people.
        endpoint: the endpoint in use; None when none could be chosen.
    """

    ok: bool
    reason: Reason
    detail: str
    endpoint: str | None = None


async def test_connection(client: AcumaticaClient, tenant: str | None) -> ConnectionReport:
    """Sign in, choose the endpoint, make one cheap read, see whether *tenant* is where we are; nothing is changed."""
    client.forget_refusal()
    endpoint = await client.endpoint()
    if isinstance(endpoint, NotDone):
        return ConnectionReport(ok=False, reason=_reason(endpoint, is_chosen=False), detail=endpoint.verdict.text)
    reply = await client.call(_CHEAP_READ)
    if isinstance(reply, NotDone):
        reason = _reason(reply, is_chosen=True)
        return ConnectionReport(ok=False, reason=reason, detail=reply.verdict.text, endpoint=str(endpoint))
    elsewhere = sorted(name for name in client.tenants if tenant and name.casefold() != tenant.casefold())
    if elsewhere:
        # A 204 does not prove the tenant: a site with one takes any name, a stale map leads to the default one.
        detail = f"signed in, but to the tenant {elsewhere[0]}, not to {tenant}"
        return ConnectionReport(ok=False, reason="wrong_tenant", detail=detail, endpoint=str(endpoint))
    return ConnectionReport(ok=True, reason="", detail=_describe(endpoint), endpoint=str(endpoint))


# Its name is the operators' word for the button; pytest must not take it for a test.
test_connection.__test__ = False  # type: ignore[attr-defined]  # functions take attributes, mypy has no word for it


async def answers(client: AcumaticaClient) -> bool:
    """Tell whether the ERP answers a small read that needs a session; changes nothing there."""
    return not isinstance(await client.call(_CHEAP_READ), NotDone)


def _reason(failed: NotDone, *, is_chosen: bool) -> Reason:
    verdict = failed.verdict
    reason: Reason = "unexpected"
    match verdict:
        case Unreachable():
            reason = "unreachable"
        case Refused(error_class="mapping"):
            reason = "missing_endpoint"
        case Refused(error_class="rate_limit"):
            reason = "session_limit" if is_session_limit(verdict) else "rate_limited"
        case Refused(status=403):
            reason = "missing_permission"
        case Refused(error_class="auth"):
            is_tenant = failed.error is not None and failed.error.is_kind("PXUndefinedCompanyException")
            reason = "wrong_tenant" if is_tenant or "no such tenant" in verdict.text else "unauthorised"
        case Refused(error_class="not_found"):
            reason = "missing_endpoint" if is_chosen else "wrong_path"
        case Refused(error_class="target_error"):
            reason = "wrong_path" if verdict.status is not None and verdict.status < 500 else "unexpected"  # noqa: PLR2004 - not a fault of the server: another one
        case _:
            pass
    return reason


def _describe(endpoint: Endpoint) -> str:
    return f"connected; endpoint {endpoint}"
