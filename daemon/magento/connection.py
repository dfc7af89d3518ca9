"""Test Connection: what stands between us and the store, told apart (contracts: Magento REST, section 1.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from daemon.magento.classification import WRONG_STORE, Failure
from daemon.magento.client import Call, MagentoClient, NotDone
from daemon.magento.stores import StoreConfig, fetch_store_configs
from queues.verdicts import Refused, Unreachable

Reason = Literal[
    "",
    "unreachable",
    "maintenance",
    "unauthorised",
    "missing_permission",
    "wrong_path",
    "wrong_store_code",
    "rate_limited",
    "unexpected",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """
    What a test of the connection found.

    Attributes:
        ok: the store answers, accepts the credentials and grants what the senders need.
        reason: stable, for programs; empty when it is well.
        detail: for people.
        stores: the store views with their currency and time zone; empty when the store did not tell.
        missing_permissions: resources the integration lacks, as Magento names them.
    """

    ok: bool
    reason: Reason
    detail: str
    stores: tuple[StoreConfig, ...] = ()
    missing_permissions: tuple[str, ...] = ()


_NEEDED: Final[tuple[tuple[str, Call], ...]] = (
    (
        # A read that happens to be a POST: it needs the permission of the price calls and changes nothing.
        "Magento_Catalog::catalog (prices)",
        Call(method="POST", segments=("products", "base-prices-information"), document={"skus": ["-"]}),
    ),
    (
        "Magento_Catalog::products (checking SKUs, product status)",
        Call(
            method="GET",
            segments=("products",),
            query=(("searchCriteria[pageSize]", "1"), ("fields", "total_count")),
        ),
    ),
    (
        "Magento_InventoryApi::source (stock)",
        Call(
            method="GET",
            segments=("inventory", "sources"),
            query=(("searchCriteria[pageSize]", "1"), ("fields", "total_count")),
        ),
    ),
)


async def test_connection(client: MagentoClient) -> ConnectionReport:
    """Ask the store for its store views, then make one read for each permission the senders need."""
    configs = await fetch_store_configs(client)
    if isinstance(configs, NotDone):
        reason = _reason(configs)
        return ConnectionReport(ok=False, reason=reason, detail=configs.verdict.text)
    missing = await _missing_permissions(client)
    if missing:
        detail = f"connected, but the integration lacks {', '.join(missing)}"
        return ConnectionReport(
            ok=False, reason="missing_permission", detail=detail, stores=configs, missing_permissions=missing
        )
    return ConnectionReport(ok=True, reason="", detail=_describe(configs), stores=configs)


# Its name is the operators' word for the button; pytest must not take it for a test.
test_connection.__test__ = False  # type: ignore[attr-defined]  # functions take attributes, mypy has no word for it


async def _missing_permissions(client: MagentoClient) -> tuple[str, ...]:
    """Name what is refused as unauthorised; any other answer, be it 404, says that the permission is there."""
    missing: list[str] = []
    for permission, call in _NEEDED:
        reply = await client.call(call)
        if isinstance(reply, NotDone) and _is_refusal(reply.verdict, "auth"):
            missing.append(permission)
    return tuple(missing)


def _is_refusal(verdict: Failure, error_class: str) -> bool:
    return isinstance(verdict, Refused) and verdict.error_class == error_class


def _reason(failed: NotDone) -> Reason:
    reason: Reason = "unexpected"
    match failed.verdict:
        case Unreachable(status=503):
            reason = "maintenance"
        case Unreachable():
            reason = "unreachable"
        case Refused(error_class="auth"):
            reason = "unauthorised"
        case Refused(error_class="rate_limit"):
            reason = "rate_limited"
        case Refused(status=400) if failed.error is not None and failed.error.message == WRONG_STORE:
            reason = "wrong_store_code"
        case Refused(status=404 | 301 | 302 | 303 | 307 | 308):
            reason = "wrong_path"
        case _:
            pass
    return reason


def _describe(configs: Sequence[StoreConfig]) -> str:
    views = ", ".join(f"{config.code} ({config.base_currency}, {config.timezone})" for config in configs[:20])
    return f"connected; store views: {views or 'none'}"
