"""After a change of the settings people are told what is not looked at again by itself."""

from collections.abc import Mapping
from typing import Any

import pytest

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import laid_over
from daemon.sync.entities import known_event_types
from daemon.sync.named_syncs import named_syncs
from daemon.sync.widening import advise_widening

ON: Mapping[str, Any] = {
    "syncs": {
        "product": {"enabled": True},
        "inventory_price": {"enabled": True, "what": "price"},
        "customer": {"enabled": True},
    },
    "entities": {"product_image": {"active": False}},
    "customers": {"classes_to_shop": ["TRADE"]},
}


def advice(change: Mapping[str, Any], *, before: Mapping[str, Any] = ON) -> list[str]:
    held, after = (ConnectorSettings.from_document(each) for each in (before, laid_over(before, change)))
    return list(advise_widening(named_syncs(known_event_types()), held, after))


@pytest.mark.parametrize(
    ("change", "sync"),
    [
        ({"syncs": {"category": {"enabled": True}}}, "category"),
        ({"syncs": {"inventory_price": {"what": "both"}}}, "inventory_price"),
        ({"customers": {"classes_to_shop": ["TRADE", "RETAIL"]}}, "customer"),
        ({"products": {"configurable_source": "matrix_item"}}, "product"),
        ({"syncs": {"order": {"enabled": True}}, "orders": {"types_to_shop": ["SO"]}}, "order"),
    ],
)
def test_what_goes_to_the_shop_in_addition_is_named_with_the_command_that_brings_it(
    change: Mapping[str, Any], sync: str
) -> None:
    (told,) = advice(change)

    assert told.endswith(
        f"not looked at by itself before the comparison (0 3 * * *): am-connector syncs run {sync} --complete"
    )


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"syncs": {"product": {"enabled": False}}},
        {"customers": {"classes_to_shop": []}},
        {"syncs": {"customer": {"enabled": False}}, "customers": {"classes_to_shop": ["RETAIL"]}},
        {"syncs": {"product_image": {"enabled": True}}},
        {"syncs": {"product_configurator": {"enabled": True}}},
        {"products": {"item_class_box": "ItemClass.UsrShop"}},
    ],
)
def test_a_change_that_lets_nothing_more_through_needs_no_word(change: Mapping[str, Any]) -> None:
    assert advice(change) == []


def test_a_direction_that_is_turned_to_the_shop_and_no_comparison_are_told() -> None:
    before = laid_over(ON, {"syncs": {"product": {"direction": "to_acumatica"}}, "catch_up": {"comparison": "never"}})

    (told,) = advice({"syncs": {"product": {"direction": "both"}}}, before=before)

    assert told.startswith("Product Sync: more goes to the shop now")
    assert "(catch_up.comparison is never): am-connector syncs run product --complete" in told
