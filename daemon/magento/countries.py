"""Countries of a store and their regions: an address with a region that is not looked up loses it without a word."""

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.magento.client import MagentoClient
from daemon.magento.talk import Document, ask_for, refuse
from daemon.remembering import Remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """One country: its regions by code and by name, both in lower case; none where any text is one."""

    code: str
    regions: Mapping[str, Document]


class Countries:
    """Reads countries by code."""

    def __init__(self, client: MagentoClient) -> None:
        self._client = client
        self._known: Remembered[str, Country] = Remembered(client.clock)

    async def region(self, country: str, region: str | None) -> Document:
        """
        Give the region of an address as the store takes it: complete, so that no former one stays.

        Raises:
            Halted: the country, or the region of a country that has a list of them, is unknown or missing.
        """
        known = await self._find(country.strip().upper())
        text = (region or "").strip()
        if not known.regions:
            return {"region_code": text, "region": text, "region_id": 0}
        found = known.regions.get(text.casefold())
        if found is None:
            came = f"{text!r} is none" if text else "none came"
            refuse(
                "validation",
                f"an address in {known.code} needs a region of that country, and {came}; mend it in the ERP",
            )
        return found

    async def _find(self, code: str) -> Country:
        known = self._known.get(code)
        if known is not None:
            return known
        document = await ask_for(self._client, ("directory", "countries", code or "-"), what=f"the country {code}")
        if document is None:
            refuse("validation", f"the store does not know the country {code!r}; it is a two-letter code such as US")
        rows = document.get("available_regions")
        regions: dict[str, Document] = {}
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and str(row.get("id", "")).isdigit():
                region = {"region_code": row.get("code"), "region": row.get("name"), "region_id": int(row["id"])}
                regions.setdefault(str(row.get("code")).casefold(), region)
                regions[str(row.get("name")).casefold()] = region
        return self._known.keep(code, Country(code=code, regions=regions))
