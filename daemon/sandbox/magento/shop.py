"""The state of the simulated shop: configuration, catalogue, stock, people, orders, and its own queue."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from daemon.sandbox.magento.attribute_set_store import AttributeSets
from daemon.sandbox.magento.attributes import AttributeRegistry
from daemon.sandbox.magento.bulks import Bulks
from daemon.sandbox.magento.category_tree import CategoryTree
from daemon.sandbox.magento.inventory import Inventory
from daemon.sandbox.magento.orders import Sales
from daemon.sandbox.magento.people import People
from daemon.sandbox.magento.product import Product, sku_key
from daemon.sandbox.magento.tax_class_store import TaxClasses
from daemon.sandbox.magento.veto import NoVeto, Veto
from daemon.sandbox.settings import ShopConfiguration

_FIRST_OPTION_ID = 4


def system_now() -> datetime:
    """Now, by the machine's clock."""
    return datetime.now(UTC)


class Catalogue:
    """The products, found by SKU as the database finds them."""

    def __init__(self) -> None:
        self._products: dict[str, Product] = {}
        self._by_id: dict[int, Product] = {}
        self._url_keys: dict[object, set[int]] = {}
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
        return self._by_id.get(entity_id)

    def put(self, product: Product) -> None:
        """Add a product, or file it under a new SKU or URL key."""
        self._products[sku_key(product.sku)] = product
        self._by_id[product.entity_id] = product
        for url_key in product.values.get("url_key", {}).values():
            self._url_keys.setdefault(url_key, set()).add(product.entity_id)

    def has_url_key(self, url_key: str, *, beside: Product | None) -> bool:
        """Whether another product than *beside* has the URL key in any store view."""
        return any(
            (other := self._by_id.get(entity_id)) is not None
            and other is not beside
            and url_key in other.values.get("url_key", {}).values()
            for entity_id in self._url_keys.get(url_key, ())
        )

    def remove(self, product: Product) -> None:
        """Take a product out."""
        del self._products[sku_key(product.sku)]
        del self._by_id[product.entity_id]

    def clear(self) -> None:
        """Take all products out; ids go on counting, as in a database."""
        self._products.clear()
        self._by_id.clear()
        self._url_keys.clear()

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
        self._now = now
        self.attribute_sets = AttributeSets()
        self.categories = CategoryTree(self.timestamp())
        self.people = People()
        self.tax_classes = TaxClasses()
        self.sales = Sales()
        self.bulks = Bulks()
        self.image_files: set[str] = set()
        self._last_image_id = 0
        self._last_option_id = _FIRST_OPTION_ID - 1

    def next_image_id(self) -> int:
        """A new id of an image."""
        self._last_image_id += 1
        return self._last_image_id

    def next_option_id(self) -> int:
        """A new id of an option of a configurable."""
        self._last_option_id += 1
        return self._last_option_id

    def timestamp(self) -> str:
        """The time as Magento writes it, UTC."""
        return self._now().strftime("%Y-%m-%d %H:%M:%S")

    def products_of(self, skus: Iterable[str]) -> list[Product]:
        """The products among *skus* that exist, in the order of the catalogue, each once."""
        found = {product.entity_id: product for sku in skus if (product := self.catalogue.get(sku)) is not None}
        return [found[entity_id] for entity_id in sorted(found)]
