"""The fault switches: what the sandbox does wrong on purpose, for how many requests, on which paths."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, get_args

from daemon.sandbox.magento.base_prices import refused_row
from daemon.sandbox.magento.errors import (
    HtmlFault,
    MagentoFault,
    PhpFault,
    Refusal,
    internal_error,
    no_route,
    not_authorised,
)
from daemon.sandbox.magento.pages import BAD_GATEWAY_PAGE, DATABASE_DOWN_TEXT, MAINTENANCE_PAGE
from daemon.sandbox.magento.product import sku_key
from daemon.sandbox.magento.values import JsonObject

Mode: TypeAlias = Literal[
    "down",
    "refuse",
    "slow",
    "rate_limited",
    "error_500",
    "php_error",
    "database_down",
    "bad_gateway",
    "maintenance",
    "reset_before",
    "reset_after",
    "unauthorised",
    "not_found",
    "deadlock",
    "partial",
]
MODES: tuple[str, ...] = get_args(Mode)
_EVERY_ROW = 1


class FaultError(ValueError):
    """A switch that cannot be set as asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    One switch.

    Attributes:
        seconds: how long `slow` waits before the request is handled; how long `refuse` keeps the port closed.
        retry_after: the seconds in the Retry-After header of `rate_limited`; None sends none.
        count: only the next so many requests; None: until switched off.
        path: only where the path contains this; None: everywhere.
        every: with `partial`, every so many-th row is refused; the first row is number 1.
        form: with `partial`, whether the problem names the SKU (`sku`) or only a price (`price`).
    """

    mode: Mode
    seconds: float | None = None
    retry_after: int | None = None
    count: int | None = None
    path: str | None = None
    every: int = _EVERY_ROW
    form: Literal["sku", "price"] = "price"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise FaultError(f"mode must be one of {', '.join(MODES)}, got {self.mode!r}")
        if self.mode == "slow" and (self.seconds is None or self.seconds < 0):
            raise FaultError(f"slow needs seconds >= 0, got {self.seconds}")
        if self.count is not None and self.count < 1:
            raise FaultError(f"count must be >= 1, got {self.count}")
        if self.every < 1:
            raise FaultError(f"every must be >= 1, got {self.every}")
        if self.form not in ("sku", "price"):
            raise FaultError(f"form must be sku or price, got {self.form!r}")


_FIELDS: Mapping[str, tuple[type, ...]] = {
    "mode": (str,),
    "seconds": (int, float),
    "retry_after": (int,),
    "count": (int,),
    "path": (str,),
    "every": (int,),
    "form": (str,),
}


def read_fault(given: object) -> Fault:
    """
    Read a switch from JSON.

    Raises:
        FaultError: an unknown member, a wrong type, a value out of range.
    """
    if not isinstance(given, dict):
        raise FaultError(f"a fault is an object, got {type(given).__name__}")
    if "mode" not in given:
        raise FaultError("mode is missing")
    for name, value in given.items():
        expected = _FIELDS.get(name)
        if expected is None:
            raise FaultError(f"{name} is not known; known are {', '.join(_FIELDS)}")
        if value is not None and (not isinstance(value, expected) or isinstance(value, bool)):
            raise FaultError(f"{name} must be {' or '.join(kind.__name__ for kind in expected)}, got {value!r}")
    return Fault(**{name: value for name, value in given.items() if value is not None})


class FaultBoard:
    """The switches that are on, and the SKUs that are refused; also the shop's veto."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._left: dict[int, int] = {}
        self._rejected: dict[str, tuple[str, str | None]] = {}
        self._partial: Fault | None = None

    def switch_on(self, fault: Fault) -> None:
        """Add a fault; one of the same mode and path gives way to it."""
        self.switch_off(fault.mode, path=fault.path)
        self._faults.append(fault)
        if fault.count is not None:
            self._left[id(fault)] = fault.count

    def switch_off(self, mode: str | None = None, *, path: str | None = None) -> None:
        """Remove the faults of a mode (with *path*: only the one for that path), or all of them."""
        for fault in list(self._faults):
            if (mode is None or fault.mode == mode) and (path is None or fault.path == path):
                self._faults.remove(fault)
                self._left.pop(id(fault), None)

    def active(self) -> list[JsonObject]:
        """The faults that are on, with the requests they are still good for."""
        return [{**asdict(fault), "count": self._left.get(id(fault))} for fault in self._faults]

    def take(self, path: str) -> dict[Mode, Fault]:
        """The faults for a request of that path, by mode; counted ones are used up by it."""
        taken: dict[Mode, Fault] = {}
        for fault in list(self._faults):
            if (fault.path is not None and fault.path not in path) or fault.mode in taken:
                continue
            taken[fault.mode] = fault
            left = self._left.get(id(fault))
            if left is not None:
                self._left[id(fault)] = left - 1
                if left <= 1:
                    self._faults.remove(fault)
                    del self._left[id(fault)]
        return taken

    def reject(self, sku: str, message: str | None) -> None:
        """Refuse this SKU from now on; without a message in the shop's own words."""
        self._rejected[sku_key(sku)] = (sku, message)

    def accept(self, sku: str | None = None) -> None:
        """Refuse this SKU no longer, or none any more."""
        if sku is None:
            self._rejected.clear()
        else:
            self._rejected.pop(sku_key(sku), None)

    def rejected(self) -> list[JsonObject]:
        """The SKUs that are refused."""
        return [{"sku": sku, "message": message} for sku, message in self._rejected.values()]

    @contextmanager
    def partial(self, fault: Fault | None) -> Iterator[None]:
        """Refuse rows as *fault* says while one request is handled."""
        self._partial = fault
        try:
            yield
        finally:
            self._partial = None

    def price_row(self, position: int, sku: str | None) -> JsonObject | None:
        """The problem entry for a row of a price call, None to let it pass."""
        if self._rejected and sku is not None and sku_key(sku) in self._rejected:
            message = self._rejected[sku_key(sku)][1]
            return refused_row("SKU", sku) if message is None else {"message": message, "parameters": [sku]}
        if self._partial is not None and (position + 1) % self._partial.every == 0:
            return refused_row("SKU", sku) if self._partial.form == "sku" else refused_row("Price", "x")
        return None

    def record(self, sku: str | None) -> Refusal | None:
        """The refusal of a whole call that holds a refused SKU."""
        if not self._rejected or sku is None or sku_key(sku) not in self._rejected:
            return None
        return Refusal(self._rejected[sku_key(sku)][1] or "Could not save Source Item")


_REFUSED_LOCKS = {
    "base-prices": "Could not save Prices.",
    "special-price": "Could not save Prices.",
    "tier-prices": "Could not save Prices.",
    "cost": "Could not save Prices.",
    "source-items": "Could not save Source Item",
}


def instead_of_an_answer(faults: Mapping[Mode, Fault], path: str) -> tuple[MagentoFault, dict[str, str]] | None:
    """The answer a switch gives in the shop's place, with its headers; None if the shop shall answer."""
    if not faults:
        return None
    answers: dict[Mode, MagentoFault] = {
        "maintenance": HtmlFault(503, MAINTENANCE_PAGE),
        "bad_gateway": HtmlFault(502, BAD_GATEWAY_PAGE),
        "database_down": HtmlFault(500, DATABASE_DOWN_TEXT, "text/plain;charset=UTF-8"),
        "rate_limited": Refusal("Too Many Requests", status=429, with_null_trace=True),
        "unauthorised": not_authorised(_resource_of(path)),
        "not_found": no_route(),
        "error_500": internal_error(),
        "php_error": PhpFault(),
        "deadlock": Refusal(_lock_message(path)),
    }
    for mode, answer in answers.items():
        fault = faults.get(mode)
        if fault is not None:
            wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return answer, wait
    return None


def _lock_message(path: str) -> str:
    return next(
        (message for part, message in _REFUSED_LOCKS.items() if part in path),
        "The product was unable to be saved. Please try again.",
    )


def _resource_of(path: str) -> str:
    if "source-items" in path:
        return "Magento_InventoryApi::stock_source_item_assign"
    return "Magento_Backend::store" if "/store/" in path else "Magento_Catalog::catalog"
