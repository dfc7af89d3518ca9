"""Categories of a store, found by the mark at the end of their URL key: names repeat, and there is no other key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from daemon.magento.client import MagentoClient
from daemon.magento.talk import Condition, Document, custom_values, refuse, search
from daemon.remembering import Remembered

_FIELDS: Final = "id,parent_id,name,is_active,position,include_in_menu,custom_attributes[attribute_code,value]"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCategory:
    """One category as stored, `values` its custom attributes."""

    category_id: int
    parent_id: int
    name: str
    is_active: bool
    in_menu: bool
    position: int
    values: dict[str, Any]


class Categories:
    """Finds categories by mark; ids are remembered, the rest is read anew."""

    def __init__(self, client: MagentoClient) -> None:
        self._client = client
        self._ids: Remembered[str, int] = Remembered(client.clock)

    async def read(self, mark: str) -> StoredCategory | None:
        """
        Give the category of a mark as it is now, None if there is none.

        Raises:
            Halted: several have the mark, or it could not be read.
        """
        rows = await search(
            self._client,
            ("categories", "list"),
            [Condition(field="url_key", value=f"%{mark}", kind="like")],
            what=f"the category {mark}",
            fields=_FIELDS,
        )
        found = [row for row in rows if _has_mark(row, mark)]
        if len(found) > 1:
            ids = ", ".join(str(row.get("id")) for row in found)
            refuse(
                "conflict", f"several categories of the store end their URL key with {mark}: {ids}; change all but one"
            )
        if not found:
            self._ids.forget(mark)
            return None
        stored = _read(found[0])
        self._ids.keep(mark, stored.category_id)
        return stored

    async def resolve(self, marks: Sequence[str]) -> dict[str, int]:
        """
        Give the ids of all marks.

        Raises:
            Halted: one is not in the store, or could not be read; the store drops unknown ids without a word.
        """
        found: dict[str, int] = {}
        missing: list[str] = []
        for mark in dict.fromkeys(marks):
            known = self._ids.get(mark)
            if known is None:
                stored = await self.read(mark)
                known = stored.category_id if stored else None
            if known is None:
                missing.append(mark)
            else:
                found[mark] = known
        if missing:
            refuse("not_found", f"the store has no category {', '.join(missing)}; sync the category first")
        return found

    def forget(self, mark: str) -> None:
        """Look the category up anew next time."""
        self._ids.forget(mark)


def _has_mark(row: Document, mark: str) -> bool:
    url_key = custom_values(row).get("url_key")
    return isinstance(url_key, str) and (url_key == mark or url_key.endswith(f"-{mark}"))


def _read(row: Document) -> StoredCategory:
    return StoredCategory(
        category_id=int(row["id"]),
        parent_id=int(row.get("parent_id") or 0),
        name=str(row.get("name") or ""),
        is_active=bool(row.get("is_active")),
        in_menu=bool(row.get("include_in_menu")),
        position=int(row.get("position") or 0),
        values=custom_values(row),
    )
