"""The store views of a shop: from the code an event names to the id that prices need."""

from dataclasses import dataclass
from typing import Final

from daemon.magento.address import is_store_code
from daemon.magento.answers import storable
from daemon.magento.classification import Failure
from daemon.magento.client import Answered, Call, MagentoClient, NotDone, not_in_form
from queues.ports import Clock
from queues.verdicts import Refused

GLOBAL_STORE_ID: Final = 0
GLOBAL_SCOPES: Final = frozenset({"all", "admin"})
"""Codes that mean every store view, as no code does."""

_KEPT_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreConfig:
    """One store view as the shop describes it."""

    id: int
    code: str
    locale: str
    base_currency: str
    timezone: str


async def fetch_store_configs(client: MagentoClient) -> tuple[StoreConfig, ...] | NotDone:
    """Read every store view; a small answer that needs the permission `Magento_Backend::store`."""
    reply = await client.call(Call(method="GET", segments=("store", "storeConfigs")))
    if isinstance(reply, NotDone):
        return reply
    return _read(reply)


def _read(reply: Answered) -> tuple[StoreConfig, ...] | NotDone:
    document = reply.document
    if not isinstance(document, list):
        return not_in_form(reply.exchange, "a list of store views")
    configs: list[StoreConfig] = []
    for each in document:
        if not isinstance(each, dict) or not isinstance(each.get("id"), int) or not isinstance(each.get("code"), str):
            return not_in_form(reply.exchange, "a list of store views with id and code")
        configs.append(
            StoreConfig(
                id=each["id"],
                code=each["code"],
                locale=str(each.get("locale", "")),
                base_currency=str(each.get("base_currency_code", "")),
                timezone=str(each.get("timezone", "")),
            )
        )
    return tuple(configs)


class StoreViews:
    """
    Knows the ids of the store views, read when first needed and kept for five minutes.

    A code that is not among them is looked up again at each attempt: the view may have been created meanwhile.
    """

    def __init__(self, client: MagentoClient) -> None:
        self._client = client
        self._clock: Clock = client.clock
        self._ids: dict[str, int] = {}
        self._expires_at = float("-inf")

    async def resolve(self, codes: set[str | None]) -> dict[str | None, int | Failure]:
        """Give the id of every code, or the verdict for the messages that name it; codes are matched with case."""
        found: dict[str | None, int | Failure] = {
            code: GLOBAL_STORE_ID for code in codes if code is None or code in GLOBAL_SCOPES
        }
        named = {code for code in codes if code is not None and code not in found}
        if named:
            failure = None
            if self._clock.monotonic() >= self._expires_at or not named <= self._ids.keys():
                failure = await self._refresh()
            found |= {code: self._id_or_verdict(code, failure) for code in named}
        return found

    async def _refresh(self) -> Failure | None:
        configs = await fetch_store_configs(self._client)
        if isinstance(configs, NotDone):
            return configs.verdict
        self._ids = {config.code: config.id for config in configs}
        self._expires_at = self._clock.monotonic() + _KEPT_SECONDS
        return None

    def _id_or_verdict(self, code: str, failure: Failure | None) -> int | Failure:
        if failure is not None:
            return failure
        if code in self._ids:
            return self._ids[code]
        known = ", ".join(sorted(self._ids)[:20])
        shown = code if is_store_code(code) else repr(code)
        return Refused(error_class="mapping", text=f"the store has no view {shown}; it has {storable(known)}")
