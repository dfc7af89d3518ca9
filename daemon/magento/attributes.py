"""The product attributes of a store: what they are, and the ids their option labels stand for."""

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.magento.client import MagentoClient
from daemon.magento.talk import Document, ask_for
from daemon.remembering import Remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """
    One attribute as stored.

    Attributes:
        input: `text`, `select` …
        scope: `store`, `website` or `global`.
        options: label without blanks around it and in lower case, to the option's id.
        labels: the labels as they read, in the store's order.
    """

    code: str
    attribute_id: int
    input: str
    scope: str
    options: Mapping[str, str]
    labels: tuple[str, ...]

    @property
    def has_options(self) -> bool:
        """Whether its values are options."""
        return self.input in {"select", "multiselect"}


def folded(label: str) -> str:
    """Give what labels are matched by: the store ignores letter case when it refuses a second one."""
    return label.strip().casefold()


class Attributes:
    """Reads attributes by code, under `all`: option labels depend on the store view."""

    def __init__(self, client: MagentoClient) -> None:
        self._client = client
        self._known: Remembered[str, Attribute] = Remembered(client.clock)

    async def find(self, code: str) -> Attribute | None:
        """
        Give the attribute, None if the store has none of that code.

        Raises:
            Halted: it could not be read.
        """
        known = self._known.get(code)
        if known is not None:
            return known
        segments = ("products", "attributes", code)
        document = await ask_for(self._client, segments, what=f"the attribute {code}")
        return None if document is None else self._known.keep(code, read_attribute(code, document))

    def forget(self, code: str) -> None:
        """Read it anew next time: it has changed, or an option is missing that may be there by now."""
        self._known.forget(code)


def read_attribute(code: str, document: Document) -> Attribute:
    """Read an attribute out of the store's answer; options start with a blank one, which is none."""
    rows = document.get("options")
    options = {
        str(row["label"]): str(row["value"])
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and str(row.get("label", "")).strip() and str(row.get("value", "")) != ""
    }
    attribute_id = document.get("attribute_id")
    return Attribute(
        code=code,
        attribute_id=attribute_id if isinstance(attribute_id, int) else 0,
        input=str(document.get("frontend_input", "")),
        scope=str(document.get("scope", "")),
        options={folded(label): value for label, value in options.items()},
        labels=tuple(options),
    )
