"""Tax classes."""

from dataclasses import dataclass

GOODS = 2
BUYERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxClass:
    """One tax class; `kind` is PRODUCT or CUSTOMER."""

    class_id: int
    name: str
    kind: str


class TaxClasses:
    """The tax classes by id."""

    def __init__(self) -> None:
        self._classes = {
            GOODS: TaxClass(class_id=GOODS, name="Taxable Goods", kind="PRODUCT"),
            BUYERS: TaxClass(class_id=BUYERS, name="Retail Customer", kind="CUSTOMER"),
        }
        self._last_id = max(self._classes)

    def all(self) -> list[TaxClass]:
        """Every tax class."""
        return list(self._classes.values())

    def get(self, class_id: int) -> TaxClass | None:
        """The tax class of that id."""
        return self._classes.get(class_id)

    def add(self, name: str, kind: str) -> TaxClass:
        """Add a tax class."""
        self._last_id += 1
        made = TaxClass(class_id=self._last_id, name=name, kind=kind)
        self._classes[made.class_id] = made
        return made
