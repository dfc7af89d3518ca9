"""`customers`: A to M Customer Sync Preferences, defaults and numbering (R38, R41, R105 to R107, B16)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from daemon.settings.document.groups import group, setting
from daemon.settings.document.kinds import Boolean, Choice, Integer, Text, Texts

NumberingMode: TypeAlias = Literal["auto", "manual"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerNumbering:
    """How customers made in the ERP are numbered: by the ERP, or *prefix* and the shop's id to *length* characters."""

    mode: NumberingMode = setting(Choice(("auto", "manual")), "auto")
    length: int = setting(Integer(1, 30), 9)
    prefix: str | None = setting(Text(optional=True), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPreferences:
    """
    Which customers go out, and with what the ERP's new ones are made.

    Attributes:
        classes_to_shop: customer classes that go to the shop; empty: none.
        attributes_to_shop: Enable Customer Attribute Sync to Magento; Adobe Commerce only.
        default_class, default_terms, default_statement_cycle: codes of the ERP; None: not chosen.
    """

    classes_to_shop: tuple[str, ...] = setting(Texts(), ())
    attributes_to_shop: bool = setting(Boolean(), default=False)
    default_class: str | None = setting(Text(optional=True), None)
    default_terms: str | None = setting(Text(optional=True), None)
    default_statement_cycle: str | None = setting(Text(optional=True), None)
    numbering: CustomerNumbering = group(CustomerNumbering)
