"""The page that tells people what the sandbox is and what is in it."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from daemon.sandbox.magento.products import summary
from daemon.sandbox.sandbox import Sandbox

_SHOWN_PRODUCTS = 12
_SHOWN_REQUESTS = 15


def overview_page(sandbox: Sandbox) -> str:
    """Render the page."""
    templates = Environment(
        loader=PackageLoader("daemon.sandbox", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    shop = sandbox.shop
    return templates.get_template("overview.html").render(
        settings=sandbox.settings,
        configuration=shop.configuration,
        total=len(shop.catalogue),
        products=[summary(shop, product) for _, product in zip(range(_SHOWN_PRODUCTS), shop.catalogue, strict=False)],
        sources=list(shop.inventory.sources.values()),
        faults=sandbox.faults.active(),
        rejected=sandbox.faults.rejected(),
        requests=list(reversed(sandbox.journal.entries()[-_SHOWN_REQUESTS:])),
        request_count=len(sandbox.journal),
    )
