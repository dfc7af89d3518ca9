"""The websites of a store by code, and the root of its category tree."""

from daemon.magento.client import MagentoClient, not_in_form
from daemon.magento.talk import Document, Halted, ask, refuse
from daemon.remembering import Remembered


class Websites:
    """Knows the ids of websites, and where the first store's categories hang."""

    def __init__(self, client: MagentoClient) -> None:
        self._client = client
        self._ids: Remembered[str, dict[str, int]] = Remembered(client.clock)
        self._root: Remembered[str, int] = Remembered(client.clock)

    async def resolve(self, codes: tuple[str, ...]) -> list[int]:
        """
        Give the ids of the codes, sorted.

        Raises:
            Halted: a code is unknown: the store would tell it as something temporary. Or they could not be read.
        """
        ids = self._ids.get("all") or self._ids.keep("all", await self._read())
        unknown = [code for code in codes if code not in ids]
        if unknown:
            self._ids.forget("all")
            refuse("mapping", f"the store has no website {', '.join(unknown)}; it has {', '.join(sorted(ids))}")
        return sorted(ids[code] for code in codes)

    async def first(self) -> int:
        """
        Give the id of the first website.

        Raises:
            Halted: there is none, or they could not be read.
        """
        ids = self._ids.get("all") or self._ids.keep("all", await self._read())
        if not ids:
            refuse("target_error", "the store has no website")
        return min(ids.values())

    async def _read(self) -> dict[str, int]:
        rows = await self._rows("websites")
        return {str(row["code"]): row["id"] for row in rows if row["id"] > 0}

    async def root_category(self) -> int:
        """
        Give the id of the category that the first store's menu begins with.

        Raises:
            Halted: it could not be read.
        """
        known = self._root.get("root")
        if known is not None:
            return known
        roots = [row.get("root_category_id") for row in await self._rows("storeGroups") if row["id"] > 0]
        found = next((root for root in roots if isinstance(root, int) and root > 0), None)
        if found is None:
            refuse("target_error", "the store has no root category")
        return self._root.keep("root", found)

    async def _rows(self, kind: str) -> list[Document]:
        reply = await ask(self._client, ("store", kind), what=f"the store's {kind}")
        rows = reply.document
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and isinstance(row.get("id"), int) for row in rows
        ):
            raise Halted(not_in_form(reply.exchange, f"a list of {kind} with ids").verdict)
        return rows
