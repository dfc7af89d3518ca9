"""Categories into the store: made below their parent, moved with it, changed in what differs."""

import asyncio
import re
from decimal import Decimal
from typing import Final

from daemon.magento.attribute_values import plain, same_value
from daemon.magento.categories import Categories, StoredCategory
from daemon.magento.client import Answered, Call, MagentoClient, NotDone
from daemon.magento.talk import Document, Halted, applied, hinted, object_in, refuse, settled, tell
from daemon.magento.url_keys import marked
from daemon.magento.websites import Websites
from daemon.sync.shop.category import CategoryRemoval, ShopCategory
from queues.verdicts import Delivered, Refused, Verdict

_MARK: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_LONGEST_NAME: Final = 255


class CategoryWriter:
    """
    Brings categories to a store, always under `all`.

    A parent that is not there is refused before: the store answers 404 for it, as for the category itself. One category
    at a time: two at once that look for a parent, and do not find it, would both make it.
    """

    def __init__(self, client: MagentoClient, *, categories: Categories, websites: Websites) -> None:
        self._client = client
        self._categories = categories
        self._websites = websites
        self._one_at_a_time = asyncio.Lock()

    async def write(self, record: ShopCategory) -> Verdict:
        """Bring the store to hold the category where it belongs."""
        async with self._one_at_a_time:
            return await settled(self._write(record))

    async def remove(self, record: CategoryRemoval) -> Verdict:
        """Take the category out of the store, with all below it."""
        async with self._one_at_a_time:
            return await settled(self._remove(record))

    async def _write(self, record: ShopCategory) -> Verdict:
        _check(record)
        parent_id = await self._parent(record)
        stored = await self._categories.read(record.mark)
        if stored is None:
            return applied(await self._create(record, parent_id))
        done = Delivered()
        if stored.parent_id != parent_id:
            move = ("categories", str(stored.category_id), "move")
            hint = "a category cannot stand below itself; mend the tree in the ERP"
            done = applied(await tell(self._client, "PUT", move, {"parentId": parent_id}, hint=hint))
        changed = _changed(record, stored, is_moved=stored.parent_id != parent_id)
        if changed:
            segments = ("categories", str(stored.category_id))
            reply = await tell(self._client, "PUT", segments, {"category": changed})
            _check_applied(reply, changed)
            done = applied(reply)
        return done

    async def _parent(self, record: ShopCategory) -> int:
        if record.parent is None:
            return await self._websites.root_category()
        if record.parent == record.mark:
            refuse("validation", f"the category {record.mark} is its own parent; mend the tree in the ERP")
        self._categories.forget(record.parent)
        return (await self._categories.resolve([record.parent]))[record.parent]

    async def _create(self, record: ShopCategory, parent_id: int) -> Answered:
        document: Document = {
            "parent_id": parent_id,
            "name": record.name,
            # Both are needed, or the category is refused.
            "is_active": record.is_active is not False,
            "include_in_menu": record.in_menu is not False,
            "custom_attributes": [
                {"attribute_code": "url_key", "value": marked(record.name, record.mark)},
                *_custom(record, {}),
            ],
        }
        if record.position is not None:
            document["position"] = record.position
        reply = await tell(self._client, "POST", ("categories",), {"category": document})
        if not isinstance(object_in(reply, "a category").get("id"), int):
            refuse("target_error", "the store answered 200 without the category's id", exchange=reply.exchange)
        return reply

    async def _remove(self, record: CategoryRemoval) -> Verdict:
        stored = await self._categories.read(record.mark)
        if stored is None:
            return Delivered()
        segments = ("categories", str(stored.category_id))
        reply = await self._client.call(Call(method="DELETE", segments=segments))
        self._categories.forget(record.mark)
        if isinstance(reply, NotDone):
            if isinstance(reply.verdict, Refused) and reply.verdict.error_class == "not_found" and reply.error:
                return Delivered(exchange=reply.verdict.exchange)
            raise Halted(hinted(reply.verdict, "the root of a store's tree cannot be deleted"))
        return applied(reply)


def _check(record: ShopCategory) -> None:
    if not _MARK.fullmatch(record.mark):
        refuse("validation", f"{record.mark!r} is no mark of a category: lower case letters, digits and single hyphens")
    if not 0 < len(record.name.strip()) <= _LONGEST_NAME:
        refuse("validation", f"a category has a name of 1 to {_LONGEST_NAME} characters, {len(record.name)} came")


def _changed(record: ShopCategory, stored: StoredCategory, *, is_moved: bool) -> Document:
    changed: Document = {}
    if record.name != stored.name:
        changed["name"] = record.name
    if record.is_active not in (None, stored.is_active):
        changed["is_active"] = record.is_active
    if record.in_menu not in (None, stored.in_menu):
        changed["include_in_menu"] = record.in_menu
    if record.position is not None and (is_moved or record.position != stored.position):
        changed["position"] = record.position  # a move puts it at the end
    custom = _custom(record, stored.values)
    if custom:
        changed["custom_attributes"] = custom
    return changed


def _custom(record: ShopCategory, stored: dict[str, object]) -> list[Document]:
    rows: list[Document] = []
    for code, value in record.values.items():
        wanted = plain(value) if isinstance(value, str | int | bool | Decimal) else None
        if not same_value(stored.get(code), wanted):
            rows.append({"attribute_code": code, "value": wanted})
    return rows


def _check_applied(reply: Answered, changed: Document) -> None:
    shown = object_in(reply, "a category")
    for name in ("name", "is_active"):
        if name in changed and shown.get(name) not in (None, changed[name]):
            refuse(
                "not_applied",
                f"the store answered 200, but {name} is {shown.get(name)!r} and not {changed[name]!r}",
                exchange=reply.exchange,
            )
