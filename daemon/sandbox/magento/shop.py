"""The state of the simulated shop: configuration, attributes, catalogue, sources and stock."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from daemon.sandbox.magento.attributes import AttributeRegistry
from daemon.sandbox.magento.inventory import Inventory
from daemon.sandbox.magento.product import Product, sku_key
from daemon.sandbox.magento.veto import NoVeto, Veto
from daemon.sandbox.settings import ShopConfiguration


def system_now() -> datetime:
    """Now, by the machine's clock."""
    return datetime.now(UTC)


class Catalogue:
    """The products, found by SKU as the database finds them."""

    def __init__(self) -> None:
        self._products: dict[str, Product] = {}
        self._last_entity_id = 0
        self._last_item_id = 0

    def __len__(self) -> int:
        return len(self._products)

    def __iter__(self) -> Iterator[Product]:
        return iter(self._products.values())

    def get(self, sku: str) -> Product | None:
        """The product of that SKU, whatever the letter case and trailing blanks."""
        return self._products.get(sku) or self._products.get(sku_key(sku))

    def by_age(self) -> list[Product]:
        """Every product, the oldest first, as the database lists them."""
        return sorted(self, key=lambda product: product.entity_id)

    def by_id(self, entity_id: int) -> Product | None:
        """The product of that id."""
        return next((product for product in self if product.entity_id == entity_id), None)

    def put(self, product: Product) -> None:
        """Add a product, or file it under a new SKU."""
        self._products[sku_key(product.sku)] = product

    def remove(self, product: Product) -> None:
        """Take a product out."""
        del self._products[sku_key(product.sku)]

    def clear(self) -> None:
        """Take all products out; ids go on counting, as in a database."""
        self._products.clear()

    def next_entity_id(self) -> int:
        """A new product id."""
        self._last_entity_id += 1
        return self._last_entity_id

    def next_item_id(self) -> int:
        """A new stock item id."""
        self._last_item_id += 1
        return self._last_item_id


class Shop:
    """Everything a call may read or change."""

    def __init__(
        self,
        configuration: ShopConfiguration,
        *,
        veto: Veto | None = None,
        now: Callable[[], datetime] = system_now,
    ) -> None:
        self.configuration = configuration
        self.veto: Veto = NoVeto() if veto is None else veto
        self.attributes = AttributeRegistry()
        self.catalogue = Catalogue()
        self.inventory = Inventory()
        self.categories: set[int] = {2}
        self._now = now

    def timestamp(self) -> str:
        """The time as Magento writes it, UTC."""
        return self._now().strftime("%Y-%m-%d %H:%M:%S")

    def products_of(self, skus: Iterable[str]) -> list[Product]:
        """The products among *skus* that exist, in the order of the catalogue, each once."""
        found = {product.entity_id: product for sku in skus if (product := self.catalogue.get(sku)) is not None}
        return [found[entity_id] for entity_id in sorted(found)]
