"""One authorised call with its typed arguments, as the services see it."""

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.sandbox.magento.conversion import invalid_value
from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.search import Query, SearchCriteria, read_criteria
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.values import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One call.

    Attributes:
        store_id: the store view of the path; 0 for `all`.
        path: the decoded variables of the path.
        body: the converted top-level parameters.
        sent_keys: how many top-level keys the body had as sent (it decides whose SKU wins in a product PUT).
        is_async: a consumer of the shop's queue makes it, nobody waits for its answer.
    """

    shop: Shop
    method: str
    store_id: int
    path: Mapping[str, str]
    query: Query
    body: JsonObject
    sent_keys: int
    is_async: bool = False

    def criteria(self) -> SearchCriteria:
        """
        The search criteria of the query.

        Raises:
            Refusal: absent, or the page is too large.
        """
        configuration = self.shop.configuration
        return read_criteria(
            self.query,
            page_limit=configuration.page_limit,
            default_page_size=configuration.default_page_size if configuration.input_limits else None,
        )

    def number(self, name: str) -> int:
        """
        The variable *name* of the path as a number.

        Raises:
            Refusal: it is none.
        """
        value = self.path[name]
        if not value.isascii() or not value.isdigit():
            raise Refusal(f"{invalid_value(value, 'int')} Verify and try again.")
        return int(value)
