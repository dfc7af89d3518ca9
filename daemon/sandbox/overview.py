"""The page that tells people what the sandbox is and what is in it."""

from urllib.parse import unquote

from jinja2 import Environment, PackageLoader, StrictUndefined

from daemon.sandbox.magento.products import summary
from daemon.sandbox.magento.values import JsonObject
from daemon.sandbox.sandbox import Sandbox

_SHOWN_PRODUCTS = 12
_SHOWN_REQUESTS = 15


def overview_page(sandbox: Sandbox) -> str:
    """Render the page."""
    templates = Environment(
        loader=PackageLoader("daemon.sandbox", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.filters["readable"] = unquote
    shop = sandbox.shop
    return templates.get_template("overview.html").render(
        settings=sandbox.settings,
        configuration=shop.configuration,
        total=len(shop.catalogue),
        products=[summary(shop, product) for _, product in zip(range(_SHOWN_PRODUCTS), shop.catalogue, strict=False)],
        sources=list(shop.inventory.sources.values()),
        faults=[{**fault, "details": _details(fault)} for fault in sandbox.faults.active()],
        rejected=sandbox.faults.rejected(),
        requests=list(reversed(sandbox.journal.entries()[-_SHOWN_REQUESTS:])),
        request_count=len(sandbox.journal),
    )


def _details(fault: JsonObject) -> str:
    """The rest of a switch in words."""
    parts = {
        "seconds": f"{fault['seconds']} s",
        "count": f"the next {fault['count']} requests",
        "retry_after": f"Retry-After {fault['retry_after']}",
    }
    said = [words for name, words in parts.items() if fault[name] is not None]
    if fault["mode"] == "partial":
        said.append(f"one row in {fault['every']}")
    return ", ".join(said) or "until switched off"
