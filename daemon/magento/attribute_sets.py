"""Attribute sets of a store: looked up by exact name, made when missing; those of the merchant are never adjusted."""

import asyncio
from dataclasses import dataclass
from typing import Final

from daemon.magento.client import Answered, MagentoClient, not_in_form
from daemon.magento.talk import Condition, Halted, applied, ask, object_in, refuse, search, settled, tell
from daemon.remembering import Remembered
from daemon.sync.shop.attribute import ATTRIBUTE_GROUP, ShopAttributeSet
from queues.verdicts import Delivered, Verdict

_SETS = ("products", "attribute-sets")
_DEFAULT_SET = "Default"
_SORT_ORDER: Final = 6_173
"""Tells the sets the connector made, so that one that a crash left without its folder is finished, not left alone."""
_FIRST_ATTRIBUTE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeSet:
    """
    One attribute set as stored.

    Attributes:
        group_id: of the folder `ATTRIBUTE_GROUP`; None: the merchant made the set, it is left alone.
        codes: of every attribute in it.
    """

    set_id: int
    name: str
    group_id: int | None
    codes: frozenset[str]


class AttributeSets:
    """Knows the attribute sets of a store, and makes and fills those of the connector."""

    def __init__(self, client: MagentoClient) -> None:
        self._client = client
        self._known: Remembered[str, AttributeSet] = Remembered(client.clock)
        self._changing = asyncio.Lock()

    async def find(self, name: str) -> AttributeSet | None:
        """
        Give the set of exactly that name, None if there is none.

        Raises:
            Halted: it could not be read, or the store has the name in other letter case and takes no second one.
        """
        name = name.strip()
        known = self._known.get(name)
        if known is not None:
            return known
        for row in await self._named(name):
            if row.get("attribute_set_name") == name:
                known = await self._read(int(str(row["attribute_set_id"])), name)
                if known.group_id is None and row.get("sort_order") == _SORT_ORDER:
                    known = await self._with_folder(known)
                return self._known.keep(name, known)
            refuse(
                "conflict",
                f"the store has the attribute set {row.get('attribute_set_name')!r}, which differs from {name!r} in "
                "letter case only; rename one of the two",
            )
        return None

    async def _named(self, name: str) -> list[dict[str, object]]:
        return await search(
            self._client,
            (*_SETS, "sets", "list"),
            [Condition(field="attribute_set_name", value=name)],
            what="the attribute sets",
            fields="attribute_set_id,attribute_set_name,sort_order",
            sort="attribute_set_id",
        )

    async def _read(self, set_id: int, name: str) -> AttributeSet:
        groups = await search(
            self._client,
            (*_SETS, "groups", "list"),
            [Condition(field="attribute_set_id", value=str(set_id))],
            what=f"the folders of the attribute set {name}",
            fields="attribute_group_id,attribute_group_name",
            sort="attribute_group_id",
        )
        own = next((row for row in groups if row.get("attribute_group_name") == ATTRIBUTE_GROUP), None)
        reply = await ask(
            self._client,
            (*_SETS, str(set_id), "attributes"),
            what=f"the attributes of the set {name}",
            query=(("fields", "attribute_code"),),
        )
        if not isinstance(reply.document, list):
            raise Halted(not_in_form(reply.exchange, "a list of attributes").verdict)
        codes = [row.get("attribute_code") for row in reply.document if isinstance(row, dict)]
        return AttributeSet(
            set_id=set_id,
            name=name,
            group_id=int(own["attribute_group_id"]) if own else None,
            codes=frozenset(code for code in codes if isinstance(code, str)),
        )

    async def create(self, name: str) -> AttributeSet:
        """
        Make a set like the default one, with the folder for the ERP's attributes.

        Raises:
            Halted: the store refused it.
        """
        skeleton = await self._named(_DEFAULT_SET)
        if not skeleton:
            refuse("target_error", f"the store has no attribute set {_DEFAULT_SET!r} to make others from")
        reply = await tell(
            self._client,
            "POST",
            _SETS,
            {
                "attributeSet": {"attribute_set_name": name.strip(), "sort_order": _SORT_ORDER},
                "skeletonId": skeleton[0]["attribute_set_id"],
            },
            hint="the name of the item class is the name of the attribute set",
        )
        set_id = object_in(reply, "an attribute set").get("attribute_set_id")
        if not isinstance(set_id, int):
            raise Halted(not_in_form(reply.exchange, "an attribute set with its id").verdict)
        return self._known.keep(name.strip(), await self._with_folder(await self._read(set_id, name.strip())))

    async def _with_folder(self, known: AttributeSet) -> AttributeSet:
        group = {"attribute_group_name": ATTRIBUTE_GROUP, "attribute_set_id": known.set_id}
        reply = await tell(self._client, "POST", (*_SETS, "groups"), {"group": group})
        made = object_in(reply, "an attribute group")
        return AttributeSet(
            set_id=known.set_id, name=known.name, group_id=int(made["attribute_group_id"]), codes=known.codes
        )

    async def assign(self, known: AttributeSet, code: str, place: int) -> Answered:
        """
        Put an attribute into the folder of a set that the connector made.

        Raises:
            Halted: the store refused it.
        """
        reply = await tell(
            self._client,
            "POST",
            (*_SETS, "attributes"),
            {
                "attributeSetId": known.set_id,
                "attributeGroupId": known.group_id,
                "attributeCode": code,
                "sortOrder": place,
            },
            hint="sync the attribute first",
        )
        self._known.forget(known.name)
        return reply

    async def with_attributes(self, name: str, codes: tuple[str, ...]) -> tuple[AttributeSet, Delivered]:
        """
        Give the set of that name with at least these attributes, and what was done for it last.

        It is made when missing and filled when the connector made it; a merchant's own set stays as it is, attributes
        or not.

        Raises:
            Halted: the store refused something.
        """
        # One at a time: two products of a new class at once would both make its set, and the second be refused.
        async with self._changing:
            return await self._with_attributes(name, codes)

    async def _with_attributes(self, name: str, codes: tuple[str, ...]) -> tuple[AttributeSet, Delivered]:
        known, done = await self.find(name), Delivered()
        if known is None:
            known = await self.create(name)
        missing = [code for code in dict.fromkeys(codes) if code not in known.codes]
        if known.group_id is not None and missing:
            for place, code in enumerate(missing, _FIRST_ATTRIBUTE):
                done = applied(await self.assign(known, code, place))
            known = AttributeSet(
                set_id=known.set_id,
                name=known.name,
                group_id=known.group_id,
                codes=known.codes | frozenset(missing),
            )
            self._known.keep(known.name, known)
        return known, done


class AttributeSetWriter:
    """Brings attribute sets to a store."""

    def __init__(self, *, sets: AttributeSets) -> None:
        self._sets = sets

    async def write(self, record: ShopAttributeSet) -> Verdict:
        """Bring the store to hold the set, and the attributes in it if the connector made it."""
        return await settled(self._write(record))

    async def _write(self, record: ShopAttributeSet) -> Verdict:
        if not record.name.strip():
            refuse("validation", "the attribute set has no name; give the item class an id in the ERP")
        _, done = await self._sets.with_attributes(record.name, record.attributes)
        return done
