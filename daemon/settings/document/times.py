"""Times as operators write them: a time of day, a frequency, a cron line, a time zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from daemon.settings.document.kinds import Text
from queues.errors import SettingFault

START_TIME: Final = Text(pattern="([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]", expected="a time of day, HH:MM:SS")
FREQUENCY: Final = Text(
    pattern="hourly|daily|every ([1-9]|[1-5][0-9]) minutes|every ([1-9]|1[0-9]|2[0-3]) hours",
    expected='"hourly", "daily", "every N minutes" (1 to 59) or "every N hours" (1 to 23)',
)

_FIVE_FIELDS: Final = re.compile(r"\S+(\s+\S+){4}")
_ANY_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CronLine:
    """
    A cron line of five fields that comes true some day, or nothing.

    Attributes:
        nothing: the word for nothing; None: null is. A merge patch cannot say null where a line is the default.
    """

    nothing: str | None = None

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - see Kind
        """Read it."""
        if value is None and self.nothing is None:
            return None
        text = value.strip() if isinstance(value, str) else ""
        if text != self.nothing and not is_cron_line(text):
            expected = f"a cron line of five fields, 0 3 * * 1-5, or {self.nothing or 'null'}"
            faults.append(SettingFault(field=path, expected=expected, value=value))
        return text

    def write(self, value: Any) -> object:  # noqa: ANN401 - see Kind
        """Give it."""
        return value

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": ["string", "null"] if self.nothing is None else "string"}


@dataclass(frozen=True, slots=True)
class ZoneName:
    """The name of a time zone of the IANA database."""

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - see Kind
        """Read it."""
        text = value.strip() if isinstance(value, str) else ""
        if not _is_zone(text):
            faults.append(
                SettingFault(field=path, expected="the IANA name of a time zone, Europe/Berlin or UTC", value=value)
            )
        return text

    def write(self, value: Any) -> object:  # noqa: ANN401 - see Kind
        """Give it."""
        return value

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": "string"}


def is_cron_line(text: str) -> bool:
    """Tell whether *text* is a cron line of five fields that comes true within fifty years."""
    if not _FIVE_FIELDS.fullmatch(text):
        return False
    try:
        return next(CronSim(text, _ANY_DAY), None) is not None
    except CronSimError:
        return False


def _is_zone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        # OSError: a folder of the database; ValueError: no name at all.
        return False
    return True
