"""Queue Processing Settings: the five numbers of the guide and the options beyond it (DESIGN.md, rules 9 and 10)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, get_args

from typing_extensions import override

from queues.errors import InvalidSettings, SettingFault

OutagePolicy = Literal["count", "hold"]

HIGHEST_COUNT = 1_000_000
"""Upper end of the counts, where the guide names none: large enough for every shop, and an integer in any database."""


@dataclass(frozen=True, slots=True)
class IntegerRange:
    """The inclusive range of an integer setting."""

    lowest: int
    highest: int | None

    @override
    def __str__(self) -> str:
        """Name the range as operators read it."""
        if self.highest is None:
            return f"an integer >= {self.lowest}"
        return f"an integer from {self.lowest} to {self.highest}"

    def holds(self, value: object) -> bool:
        """Tell whether *value* is a real integer inside; `True` and `1.0` are not integers here."""
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return self.lowest <= value and (self.highest is None or value <= self.highest)


RANGES: Mapping[str, IntegerRange] = {
    "threshold_count": IntegerRange(0, HIGHEST_COUNT),
    "batch_count": IntegerRange(1, HIGHEST_COUNT),
    "retry_count": IntegerRange(1, HIGHEST_COUNT),
    "check_process_time": IntegerRange(1, 59),
    "process_sleep_time": IntegerRange(1, 59),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueProcessingSettings:
    """
    How queues are processed; one snapshot is taken at the start of every check and holds to its end.

    Attributes:
        threshold_count: records; up to this many waiting go one a request, above it all go in batches. 0 or more.
        batch_count: records in one bulk request, 1 or more.
        retry_count: attempts in all before a message is Failed, 1 or more.
        check_process_time: seconds a run goes on checking, 1 to 59.
        process_sleep_time: seconds between two checks of a run, 1 to 59.
        outage_policy: `count` charges every attempt made; `hold` makes none until a probe of the target succeeds.
        fail_fast: a refusal that can never succeed is Failed at once.
        coalesce: of several waiting messages of one record only the newest is sent.
        max_in_flight: requests in hand at once per entity, where it differs from the entity's own number. 1 to 64.

    Raises:
        InvalidSettings: naming every field out of its range.
    """

    threshold_count: int = 25
    batch_count: int = 25
    retry_count: int = 3
    check_process_time: int = 50
    process_sleep_time: int = 5
    outage_policy: OutagePolicy = "count"
    fail_fast: bool = False
    coalesce: bool = False
    max_in_flight: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is out of range, all faults at once."""
        faults = [
            SettingFault(field=name, expected=str(allowed), value=getattr(self, name))
            for name, allowed in RANGES.items()
            if not allowed.holds(getattr(self, name))
        ]
        if self.outage_policy not in get_args(OutagePolicy):
            faults.append(SettingFault(field="outage_policy", expected='"count" or "hold"', value=self.outage_policy))
        faults += [
            SettingFault(field=name, expected="true or false", value=getattr(self, name))
            for name in ("fail_fast", "coalesce")
            if not isinstance(getattr(self, name), bool)
        ]
        faults += _faults_in_flight(self.max_in_flight)
        if faults:
            raise InvalidSettings(faults)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """
        Read the JSON form; what is left out takes its default.

        Raises:
            InvalidSettings: a field out of range, or one that does not exist.
        """
        known = {each.name for each in fields(cls)}
        unknown = [
            SettingFault(field=name, expected=f"one of the known settings ({', '.join(sorted(known))})", value=value)
            for name, value in document.items()
            if name not in known
        ]
        try:
            settings = cls(**{name: value for name, value in document.items() if name in known})
        except InvalidSettings as error:
            raise InvalidSettings([*error.faults, *unknown]) from None
        if unknown:
            raise InvalidSettings(unknown)
        return settings

    def to_document(self) -> dict[str, Any]:
        """Give the JSON form."""
        return asdict(self)


IN_FLIGHT = IntegerRange(1, 64)


def _faults_in_flight(value: object) -> list[SettingFault]:
    if not isinstance(value, Mapping):
        return [SettingFault(field="max_in_flight", expected="an object of entity to integer", value=value)]
    return [
        SettingFault(field=f"max_in_flight.{entity}", expected=str(IN_FLIGHT), value=number)
        for entity, number in value.items()
        if not IN_FLIGHT.holds(number)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSnapshot:
    """The settings one check works with, and the *version* of the document they came from (0: the defaults)."""

    version: int
    settings: QueueProcessingSettings
