"""What came before its product and was refused is looked at again when the shop has the product."""

from collections.abc import Sequence

from structlog.testing import capture_logs

from daemon.serve.new_products import NewProducts
from queues.errors import DatabaseUnavailable
from queues.postgres.changed_keys import ChangedKey, Origin
from tests.fakes.capture_stores import FakeChangedKeys


async def test_price_stock_and_image_of_a_new_product_are_looked_at() -> None:
    keys = FakeChangedKeys()

    await NewProducts(keys).note("AC-1")

    assert set(keys.due) == {
        ("to_magento.pricing", "AC-1"),
        ("to_magento.tier_price", "AC-1"),
        ("to_magento.inventory", "AC-1"),
        ("to_magento.product_image", "AC-1"),
    }


class Away:
    async def note(self, keys: Sequence[ChangedKey], *, origin: Origin) -> bool:
        raise DatabaseUnavailable(f"connection refused, {len(keys)} keys of {origin}")


async def test_without_the_database_the_product_is_delivered_all_the_same() -> None:
    with capture_logs() as lines:
        await NewProducts(Away()).note("AC-1")

    assert [line["event"] for line in lines] == ["product.not_followed_up"]
