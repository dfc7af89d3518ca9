"""The fault switches: what the site does wrong on purpose, for how many requests, on which paths."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, get_args

from daemon.sandbox.acumatica.errors import PlainFault, ServerFault, SiteFault, login_limit, operation_failed

Mode: TypeAlias = Literal[
    "down",
    "refuse",
    "slow",
    "rate_limited",
    "error_500",
    "business_error",
    "lost_race",
    "bad_gateway",
    "html",
    "redirect",
    "forbidden",
    "session_lost",
    "session_limit",
    "reset_before",
    "reset_after",
]
MODES: tuple[str, ...] = get_args(Mode)

HTML_PAGE = (
    "<!DOCTYPE html>\r\n<html>\r\n<head><title>Runtime Error</title></head>\r\n<body>\r\n<h1>Server Error in '/' "
    "Application.</h1>\r\n</body>\r\n</html>\r\n"
)


class FaultError(ValueError):
    """A switch that cannot be set as asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    One switch.

    Attributes:
        seconds: how long `slow` waits before the request is handled; how long `refuse` keeps the port closed.
        count: only the next so many requests; None: until switched off.
        path: only where the path contains this; None: everywhere.
        text: the reason in the answer of `business_error`.
    """

    mode: Mode
    seconds: float | None = None
    count: int | None = None
    path: str | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise FaultError(f"mode must be one of {', '.join(MODES)}, got {self.mode!r}")
        if self.mode == "slow" and (self.seconds is None or self.seconds < 0):
            raise FaultError(f"slow needs seconds >= 0, got {self.seconds}")
        if self.count is not None and self.count < 1:
            raise FaultError(f"count must be >= 1, got {self.count}")


_FIELDS: Mapping[str, tuple[type, ...]] = {
    "mode": (str,),
    "seconds": (int, float),
    "count": (int,),
    "path": (str,),
    "text": (str,),
}


def read_fault(given: object) -> Fault:
    """
    Read a switch from JSON.

    Raises:
        FaultError: an unknown member, a wrong type, a value out of range.
    """
    if not isinstance(given, dict) or "mode" not in given:
        raise FaultError('a fault is an object with "mode"')
    for name, value in given.items():
        expected = _FIELDS.get(name)
        if expected is None:
            raise FaultError(f"{name} is not known; known are {', '.join(_FIELDS)}")
        if value is not None and (not isinstance(value, expected) or isinstance(value, bool)):
            raise FaultError(f"{name} must be {' or '.join(kind.__name__ for kind in expected)}, got {value!r}")
    return Fault(**{name: value for name, value in given.items() if value is not None})


class FaultBoard:
    """The switches that are on."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._left: dict[int, int] = {}

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

    def active(self) -> list[dict[str, object]]:
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


def fault_of(faults: Mapping[Mode, Fault], path: str) -> SiteFault | None:
    """The answer a switch gives in the site's place as JSON; None if the site shall answer."""
    answer: SiteFault | None = None
    if "rate_limited" in faults:
        answer = PlainFault(429)
    elif "session_limit" in faults and ("/auth/login" in path or "/connect/token" in path):
        answer = login_limit(500)
    elif "session_lost" in faults:
        answer = PlainFault(401)
    elif "forbidden" in faults:
        answer = PlainFault(403)
    elif "business_error" in faults:
        answer = operation_failed(faults["business_error"].text or "The document is out of balance.")
    elif "lost_race" in faults:
        answer = operation_failed("Another process has added the 'InventoryItem' record. Your changes will be lost.")
    elif "error_500" in faults:
        answer = ServerFault(
            "Object reference not set to an instance of an object.", kind="System.NullReferenceException"
        )
    return answer
