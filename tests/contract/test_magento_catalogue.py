"""Asking which SKUs a store has: in bulk, page by page, in addresses that stay short."""

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.magento.catalogue import Catalogue, Product
from queues.verdicts import Refused
from tests.fakes.magento_store import Received, StoreAnswer, answer, scripted_store
from tests.magento_recordings import recorded


def asked(request: Received) -> list[str]:
    """The SKUs a search asks for, read as Magento reads its filters."""
    skus: list[str] = []
    for name, value in request.query.items():
        if name.endswith("[value]"):
            condition = request.query[name.replace("[value]", "[condition_type]")]
            skus += value.split(",") if condition == "in" else [value]
    return skus


def has_all(request: Received) -> StoreAnswer:
    """A shop that has every SKU, and pages."""
    size, page = int(request.query["searchCriteria[pageSize]"]), int(request.query["searchCriteria[currentPage]"])
    skus = sorted(set(asked(request)))
    items = [{"sku": sku, "type_id": "simple"} for sku in skus[(page - 1) * size : page * size]]
    return answer({"items": items or None, "total_count": len(skus)})


async def test_the_recorded_search_finds_what_is_there_and_misses_the_rest() -> None:
    async with scripted_store(lambda _: recorded("products-search-in")) as store:
        found = await Catalogue(store.client).find(["REC-001", "REC-002", "REC-NONE"])

    assert found["REC-001"] == Product(sku="REC-001", type_id="simple")
    assert isinstance(found["REC-NONE"], Refused)


async def test_items_may_be_null() -> None:
    async with scripted_store(lambda _: recorded("products-search-past-end")) as store:
        found = await Catalogue(store.client).find(["REC-NONE"])

    assert isinstance(found["REC-NONE"], Refused)


async def test_long_lists_are_cut_so_that_every_address_stays_below_6_kb() -> None:
    skus = [f"{'Ü' * 30}/{number:05}" for number in range(200)] + [f"A,{number}" for number in range(60)]
    async with scripted_store(has_all) as store:
        found = await Catalogue(store.client).find(skus)

        assert all(isinstance(product, Product) for product in found.values())
        assert max(len(request.target) for request in store.requests) < 6_000
        assert sorted(sku for request in store.requests for sku in asked(request)) == sorted(skus)


async def test_a_thousand_ordinary_skus_take_four_searches() -> None:
    async with scripted_store(has_all) as store:
        await Catalogue(store.client).find([f"AC-{number:05}" for number in range(1000)])

        assert len(store.requests) == 4


async def test_a_smaller_largest_page_is_learned_and_the_pages_are_read_to_the_end() -> None:
    def script(request: Received) -> StoreAnswer:
        if int(request.query["searchCriteria[pageSize]"]) > 7:
            parameters = {"max": 7}
            return answer({"message": "Maximum SearchCriteria pageSize is %max", "parameters": parameters}, status=400)
        return has_all(request)

    skus = [f"AC-{number}" for number in range(20)]
    async with scripted_store(script) as store:
        found = await Catalogue(store.client).find(skus)

        assert all(isinstance(found[sku], Product) for sku in skus)
        assert len(store.requests) == 4


async def test_the_cache_is_bounded() -> None:
    async with scripted_store(has_all) as store:
        catalogue = Catalogue(store.client, most_kept=2)
        await catalogue.find(["A", "B", "C"])
        await catalogue.find(["B", "C"])
        await catalogue.find(["A"])

        assert [asked(request) for request in store.requests] == [["A", "B", "C"], ["A"]]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), max_size=12, unique=True))
async def test_whatever_the_skus_are_each_is_asked_for_as_it_is(skus: list[str]) -> None:
    async with scripted_store(has_all) as store:
        found = await Catalogue(store.client).find(skus)

    assert {sku: found[sku] for sku in skus} == {sku: Product(sku=sku, type_id="simple") for sku in skus}
