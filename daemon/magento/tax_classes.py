"""Tax classes of a store: looked up by name, made when missing."""

import asyncio

from daemon.magento.client import MagentoClient
from daemon.magento.talk import Condition, applied, refuse, search, settled, tell
from daemon.remembering import Remembered
from daemon.sync.shop.tax_class import ShopTaxClass, TaxClassKind
from queues.verdicts import Delivered, Verdict

_LONGEST = 255


class TaxClasses:
    """Knows the ids of tax classes."""

    def __init__(self, client: MagentoClient) -> None:
        self._client = client
        self._ids: Remembered[tuple[str, str], int] = Remembered(client.clock)

    async def find(self, name: str, kind: TaxClassKind) -> int | None:
        """
        Give the id of the class of that name, None if there is none; letter case aside.

        Raises:
            Halted: it could not be read.
        """
        key = name.strip().casefold(), kind
        known = self._ids.get(key)
        if known is not None:
            return known
        rows = await search(
            self._client,
            ("taxClasses", "search"),
            [Condition(field="class_type", value=kind.upper())],
            what="the tax classes",
            fields="class_id,class_name,class_type",
            sort="class_id",
        )
        for row in rows:
            self._ids.keep((str(row.get("class_name", "")).strip().casefold(), kind), int(row["class_id"]))
        return self._ids.get(key)

    async def resolve(self, name: str, kind: TaxClassKind) -> int:
        """
        Give the id of the class of that name.

        Raises:
            Halted: there is none, or it could not be read.
        """
        found = await self.find(name, kind)
        if found is None:
            refuse("mapping", f"the store has no {kind} tax class {name!r}; sync the tax categories, or map this one")
        return found


class TaxClassWriter:
    """Brings tax classes to a store."""

    def __init__(self, client: MagentoClient, *, tax_classes: TaxClasses) -> None:
        self._client = client
        self._tax_classes = tax_classes
        self._one_at_a_time = asyncio.Lock()

    async def write(self, record: ShopTaxClass) -> Verdict:
        """Bring the store to hold the tax class."""
        # One at a time: several tax categories may be mapped to one class, which is made once.
        async with self._one_at_a_time:
            return await settled(self._write(record))

    async def _write(self, record: ShopTaxClass) -> Verdict:
        name = record.name.strip()
        if not 0 < len(name) <= _LONGEST:
            refuse("validation", f"a tax class has a name of 1 to {_LONGEST} characters, {len(name)} came")
        if await self._tax_classes.find(name, record.kind) is not None:
            return Delivered()
        document = {"taxClass": {"class_name": name, "class_type": record.kind.upper()}}
        return applied(await tell(self._client, "POST", ("taxClasses",), document))
