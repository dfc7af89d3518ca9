"""The categories of the shop: a tree whose siblings have places, with names and switches per store view."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from daemon.sandbox.magento.stores import ALL_STORES

TREE_ROOT = 1
STORE_ROOT = 2
_FIRST_OWN_ID = 3


@dataclass(slots=True, kw_only=True)
class Category:
    """
    One category; calls change it in place, hence not frozen.

    Attributes:
        values: attribute code, then store view id (0 = global) to the value.
        url_path: None after a move, until it is written anew.
    """

    category_id: int
    parent_id: int
    position: int
    created_at: str
    updated_at: str
    values: dict[str, dict[int, object]] = field(default_factory=dict)
    url_path: str | None = None

    def value(self, code: str, store_id: int) -> object:
        """The value a store view sees: its own, else the global one, else None."""
        by_store = self.values.get(code, {})
        return by_store.get(store_id, by_store.get(ALL_STORES))

    def set_value(self, code: str, store_id: int, value: object) -> None:
        """Store a value; None removes it."""
        if value is None:
            self.values.get(code, {}).pop(store_id, None)
        else:
            self.values.setdefault(code, {})[store_id] = value


class CategoryTree:
    """The categories by id; 1 is the root of all, 2 the root of the store."""

    def __init__(self, now: str) -> None:
        self._categories: dict[int, Category] = {}
        self._last_id = _FIRST_OWN_ID - 1
        for category_id, parent_id, name in (
            (TREE_ROOT, 0, "Root Catalog"),
            (STORE_ROOT, TREE_ROOT, "Default Category"),
        ):
            root = Category(
                category_id=category_id, parent_id=parent_id, position=parent_id, created_at=now, updated_at=now
            )
            for code, value in (("name", name), ("is_active", True), ("include_in_menu", True)):
                root.set_value(code, ALL_STORES, value)
            self._categories[category_id] = root

    def __contains__(self, category_id: object) -> bool:
        return category_id in self._categories

    def __iter__(self) -> Iterator[Category]:
        return iter(sorted(self._categories.values(), key=lambda each: each.category_id))

    def get(self, category_id: int) -> Category | None:
        """The category of that id."""
        return self._categories.get(category_id)

    def next_id(self) -> int:
        """A new id; a refused category uses one up too, as in a database."""
        self._last_id += 1
        return self._last_id

    def add(self, category: Category) -> None:
        """Add a category."""
        self._categories[category.category_id] = category

    def children(self, category_id: int) -> list[Category]:
        """The categories right below one, in their order."""
        below = (each for each in self._categories.values() if each.parent_id == category_id)
        return sorted(below, key=lambda each: (each.position, each.category_id))

    def below(self, category_id: int) -> list[Category]:
        """Every category below one."""
        return [found for child in self.children(category_id) for found in (child, *self.below(child.category_id))]

    def path(self, category: Category) -> list[int]:
        """The ids from the root of all down to the category itself."""
        above = self._categories.get(category.parent_id)
        return [*(self.path(above) if above else ()), category.category_id]

    def is_taken(self, url_key: str, parent_id: int, own: Category | None) -> bool:
        """Whether a sibling has the URL key."""
        return any(
            each is not own and url_key in each.values.get("url_key", {}).values() for each in self.children(parent_id)
        )

    def move(self, category: Category, parent_id: int, after_id: int) -> None:
        """Put a category right after another one of its new siblings; *after_id* 0: before all of them."""
        siblings = [each for each in self.children(parent_id) if each is not category]
        at = next((place for place, each in enumerate(siblings, 1) if each.category_id == after_id), 0)
        category.parent_id = parent_id
        category.url_path = None
        for position, each in enumerate([*siblings[:at], category, *siblings[at:]], 1):
            each.position = position

    def remove(self, category: Category) -> list[int]:
        """Take a category away with all below it; return the ids."""
        gone = [category.category_id, *(each.category_id for each in self.below(category.category_id))]
        for category_id in gone:
            del self._categories[category_id]
        return gone
