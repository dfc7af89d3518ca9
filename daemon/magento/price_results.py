"""
Reading what a price call refused: a list without row numbers, at times without a SKU (contracts: Magento REST, 6).

An empty list means that everything was saved.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from daemon.magento.answers import fill_in, storable
from daemon.magento.rows import Row
from queues.verdicts import ErrorClass

_ROW_ID: Final = re.compile(r"SKU = (?P<sku>.*), Store ID: (?P<store>\d*)(?:, Price From: .*)?\.\s*$", re.DOTALL)
_SKU_AND_FIELD: Final = 2
_MAX_TEXT: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Why a row was not saved."""

    error_class: ErrorClass
    text: str


@dataclass(slots=True, kw_only=True)
class PriceRefusals:
    """
    The refusals of one call, brought home to its rows.

    Attributes:
        by_position: complaints of each message.
        unclaimed: complaints that name no row of the call: any row that nothing else is said of may be meant.
    """

    by_position: dict[int, list[Complaint]] = field(default_factory=dict)
    unclaimed: list[Complaint] = field(default_factory=list)


def read_refusals(document: object, rows: Sequence[Row]) -> PriceRefusals | None:
    """Read the answer to *rows*; None when it is not a list of refusals at all."""
    if not isinstance(document, list):
        return None
    rows_of: dict[str, list[Row]] = {}
    for row in rows:
        rows_of.setdefault(_folded(row.sku), []).append(row)
    refusals = PriceRefusals()
    for entry in document:
        if not isinstance(entry, dict) or not isinstance(entry.get("message"), str):
            return None
        parameters = entry.get("parameters")
        listed = parameters if isinstance(parameters, list) else []
        complaint = _complaint(entry["message"], listed)
        meant = _meant(complaint.text, listed, rows_of)
        for row in meant:
            refusals.by_position.setdefault(row.position, []).append(complaint)
        if not meant:
            refusals.unclaimed.append(complaint)
    return refusals


def _complaint(message: str, parameters: list[Any]) -> Complaint:
    text = storable(fill_in(message, parameters))[:_MAX_TEXT]
    if parameters[:1] == ["SKU"] and len(parameters) == _SKU_AND_FIELD:
        return Complaint(error_class="not_found", text=f"{text} (unknown, or of a type that carries no base price)")
    if text.startswith("The product that was requested doesn't exist"):
        return Complaint(error_class="not_found", text=text)
    if text.startswith("Requested store is not found"):
        return Complaint(error_class="mapping", text=text)
    return Complaint(error_class="validation", text=text)


def _meant(text: str, parameters: list[Any], rows_of: dict[str, list[Row]]) -> list[Row]:
    if len(parameters) == _SKU_AND_FIELD and parameters[0] in ("SKU", "Price", "Cost"):
        # `["SKU", "AC-1"]` names a row, `["Price", "-4"]` none.
        return rows_of.get(_folded(parameters[1]), []) if parameters[0] == "SKU" else []
    row_id = _ROW_ID.search(text)
    if row_id is not None:
        rows = rows_of.get(_folded(row_id["sku"]), [])
        of_store = [row for row in rows if str(row.document.get("store_id")) == row_id["store"]]
        return of_store or rows
    # A translated text keeps its parameters: the SKU stands first or second. Only one that fits is believed.
    candidates = {_folded(parameter) for parameter in parameters[:2]} & rows_of.keys()
    return rows_of[candidates.pop()] if len(candidates) == 1 else []


def _folded(sku: object) -> str:
    """Fold as Magento compares: without regard to case, nor to blanks at the end."""
    return sku.rstrip().casefold() if isinstance(sku, str) else ""
