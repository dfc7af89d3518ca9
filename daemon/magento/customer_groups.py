"""Customer groups of a store: looked up by code, made when missing."""

from typing import Final

from daemon.magento.client import MagentoClient, not_in_form
from daemon.magento.talk import Condition, Halted, applied, object_in, refuse, search, settled, tell
from daemon.magento.tax_classes import TaxClasses
from daemon.magento.turns import Turns
from daemon.remembering import Remembered
from daemon.sync.shop.customer import ShopCustomerGroup
from queues.verdicts import Delivered, Verdict

_LONGEST_CODE: Final = 32


class CustomerGroups:
    """Knows the ids of customer groups, and makes those that are missing."""

    def __init__(self, client: MagentoClient, *, tax_classes: TaxClasses) -> None:
        self._client = client
        self._tax_classes = tax_classes
        self._ids: Remembered[str, int] = Remembered(client.clock)
        self._turns = Turns()

    async def find(self, code: str) -> int | None:
        """
        Give the id of a group, letter case aside; None if there is none.

        Raises:
            Halted: it could not be read.
        """
        key = code.strip().casefold()
        known = self._ids.get(key)
        if known is not None:
            return known
        rows = await search(
            self._client,
            ("customerGroups", "search"),
            [Condition(field="code", value=code.strip())],
            what="the customer groups",
            fields="id,code",
            sort="id",
        )
        for row in rows:
            if str(row.get("code", "")).strip().casefold() == key and isinstance(row.get("id"), int):
                return self._ids.keep(key, row["id"])
        return None

    async def ensure(self, record: ShopCustomerGroup) -> tuple[int, Delivered]:
        """
        Give the id of the group, which is made when missing, and what was done for it.

        Raises:
            Halted: the code is too long (the store would cut it), or the store refused it.
        """
        code = record.code.strip()
        if not 0 < len(code) <= _LONGEST_CODE:
            refuse(
                "validation",
                f"a customer group has a code of 1 to {_LONGEST_CODE} characters, {code!r} has {len(code)}",
            )
        async with self._turns.of(code.casefold()):
            # Two customers at once that miss the group would both make it, and one of them be refused.
            known = await self.find(code)
            return (known, Delivered()) if known is not None else await self._make(code, record)

    async def _make(self, code: str, record: ShopCustomerGroup) -> tuple[int, Delivered]:
        tax_class_id = await self._tax_classes.resolve(record.tax_class, "customer")
        reply = await tell(
            self._client, "POST", ("customerGroups",), {"group": {"code": code, "tax_class_id": tax_class_id}}
        )
        made = object_in(reply, "a customer group").get("id")
        if not isinstance(made, int):
            raise Halted(not_in_form(reply.exchange, "a customer group with its id").verdict)
        return self._ids.keep(code.casefold(), made), applied(reply)


class CustomerGroupWriter:
    """Brings customer groups to a store."""

    def __init__(self, *, groups: CustomerGroups) -> None:
        self._groups = groups

    async def write(self, record: ShopCustomerGroup) -> Verdict:
        """Bring the store to hold the group."""
        return await settled(self._write(record))

    async def _write(self, record: ShopCustomerGroup) -> Verdict:
        _, done = await self._groups.ensure(record)
        return done
