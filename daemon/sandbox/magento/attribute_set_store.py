"""Attribute sets and the groups inside them."""

from dataclasses import dataclass

from daemon.sandbox.magento.attributes import DEFAULT_SET

PRODUCT_ENTITY_TYPE = 4
_FIRST_OWN_SET = 9  # the lower ids belong to customers, categories, orders …
_FIRST_OWN_GROUP = 21
_FIRST_ASSIGNMENT = 253
# In the order in which a search lists them; a set made after another gets its groups in the opposite order.
_STANDARD_GROUPS = (
    "Product Details",
    "Content",
    "Bundle Items",
    "Images",
    "Search Engine Optimization",
    "Advanced Pricing",
    "Design",
    "Schedule Design Update",
    "Autosettings",
    "Gift Options",
)


@dataclass(slots=True, kw_only=True)
class AttributeSet:
    """One attribute set; it may be renamed, hence not frozen."""

    set_id: int
    name: str
    sort_order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeGroup:
    """One group of a set."""

    group_id: int
    name: str
    set_id: int


class AttributeSets:
    """The sets of products by id, their groups, and which attribute of the merchant's own stands in which group."""

    def __init__(self) -> None:
        self._sets = {DEFAULT_SET: AttributeSet(set_id=DEFAULT_SET, name="Default", sort_order=1)}
        self._groups = [
            AttributeGroup(group_id=20 - number, name=name, set_id=DEFAULT_SET)
            for number, name in enumerate(_STANDARD_GROUPS)
        ]
        self.places: dict[tuple[int, str], int] = {}
        self._last_set = _FIRST_OWN_SET - 1
        self._last_group = _FIRST_OWN_GROUP - 1
        self._last_assignment = _FIRST_ASSIGNMENT - 1

    def __contains__(self, set_id: object) -> bool:
        return set_id in self._sets

    def all(self) -> list[AttributeSet]:
        """Every set, the oldest first."""
        return list(self._sets.values())

    def get(self, set_id: int) -> AttributeSet | None:
        """The set of that id."""
        return self._sets.get(set_id)

    def named(self, name: str) -> AttributeSet | None:
        """The set of that name, whatever its letter case."""
        return next((each for each in self._sets.values() if each.name.lower() == name.strip().lower()), None)

    def create(self, name: str, sort_order: int) -> AttributeSet:
        """Make a set with the groups of the one it is based on."""
        self._last_set += 1
        made = AttributeSet(set_id=self._last_set, name=name, sort_order=sort_order)
        self._sets[made.set_id] = made
        first = self._last_group + len(_STANDARD_GROUPS)
        self._groups += [
            AttributeGroup(group_id=first - number, name=group, set_id=made.set_id)
            for number, group in enumerate(_STANDARD_GROUPS)
        ]
        self._last_group = first
        return made

    def remove(self, set_id: int) -> None:
        """Take a set away, with its groups."""
        del self._sets[set_id]
        self._groups = [group for group in self._groups if group.set_id != set_id]
        self.places = {place: group for place, group in self.places.items() if place[0] != set_id}

    def groups(self) -> list[AttributeGroup]:
        """Every group of every set, in the order of a search."""
        return list(self._groups)

    def group(self, group_id: int) -> AttributeGroup | None:
        """The group of that id."""
        return next((each for each in self._groups if each.group_id == group_id), None)

    def add_group(self, set_id: int, name: str) -> AttributeGroup:
        """Add a group to a set."""
        self._last_group += 1
        made = AttributeGroup(group_id=self._last_group, name=name, set_id=set_id)
        self._groups.append(made)
        return made

    def assign(self, set_id: int, group_id: int, code: str) -> int:
        """Put an attribute into a group; return the id of the assignment, which a repeat makes anew."""
        repeated = (set_id, code) in self.places
        self.places[set_id, code] = group_id
        self._last_assignment += 2 if repeated else 1
        return self._last_assignment
