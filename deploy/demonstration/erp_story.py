"""The other end of the story: a price that somebody changes in the ERP."""

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from deploy.demonstration.json_http import JsonHttp, UnexpectedAnswerError, wait_for
from deploy.demonstration.story import QUEUE_PATH, REASON, Stage

SYNC = "inventory_price"

_PATIENCE_SECONDS = 120.0
_STEP = Decimal("0.25")
_LOOKED_AT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpStage:
    """
    Where this part plays.

    Attributes:
        erp: the simulated Acumatica's own interface.
        webhook_url: where it reaches the connector's webhook.
        token: that the webhook asks for.
    """

    erp: JsonHttp
    webhook_url: str
    token: str


def tell_erp(stage: Stage, erp_stage: ErpStage) -> None:
    """
    Change a price in the simulated ERP and tell how it comes to the store.

    Raises:
        UnexpectedAnswerError: it did not go as it should have; the text tells where.
    """
    erp = erp_stage.erp
    stage.say("")
    _switch_on(stage)
    erp.put(
        "/_sandbox/push",
        {
            "url": erp_stage.webhook_url,
            "header_name": "Authorization",
            "header_value": f"Bearer {erp_stage.token}",
        },
    )
    sku = _some_item(stage, erp)
    price = _shown(stage, sku) + _STEP
    stage.say(f"Somebody sets the Default Price of {sku} to {price} in Acumatica, which pushes a notification …")
    erp.post("/_sandbox/records/StockItem", {"InventoryID": sku, "DefaultPrice": str(price)})

    def arrived() -> bool | None:
        if _shown(stage, sku) == price:
            return True
        _hurry(stage)
        return None

    wait_for(f"{sku} at {price} in the store", arrived, seconds=_PATIENCE_SECONDS, check=stage.check)
    stage.say(f"… the connector reads the item, its price goes through the queue, and the store has {sku} at {price}.")


def _switch_on(stage: Stage) -> None:
    stage.connector.patch(
        "/api/v1/settings", {"syncs": {SYNC: {"enabled": True}}, "products": {"when_box_is_missing": "pass"}}
    )
    stage.say(f"Now from the ERP. Syncs are off until you switch them on; this one is on now: syncs.{SYNC}.enabled")
    stage.say(
        "An ERP without the boxes of a customization lets no item pass; this one may: products.when_box_is_missing"
    )


def _some_item(stage: Stage, erp: JsonHttp) -> str:
    items = {item["InventoryID"] for item in erp.get("/_sandbox/records/StockItem", {"limit": _LOOKED_AT})["items"]}
    products = stage.sandbox.get("/_sandbox/catalogue", {"limit": _LOOKED_AT})["items"]
    both = sorted(item["sku"] for item in products if item["type_id"] == "simple" and item["sku"] in items)
    if not both:
        raise UnexpectedAnswerError("the simulated ERP and the simulated store have no product in common")
    return str(both[-1])


def _shown(stage: Stage, sku: str) -> Decimal:
    return Decimal(str(stage.sandbox.get(f"/_sandbox/products/{sku}")["prices"].get("0", 0)))


def _hurry(stage: Stage) -> None:
    """Have the queue run as soon as something waits there, instead of on its minute."""
    if stage.connector.get(QUEUE_PATH)["waiting"]:
        with suppress(UnexpectedAnswerError):  # a run that is under way does as well
            stage.connector.post(f"{QUEUE_PATH}/run", {"reason": REASON})
