"""When syncs start by themselves, where clocks are set as well."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.settings.document.times import is_cron_line
from daemon.sync.timetable import CronTimes, DayGrid, Every, Timetable

BERLIN = "Europe/Berlin"


def starts(times: Timetable, moment: datetime, number: int) -> list[str]:
    """Give so many starts after *moment*, in Berlin's time."""
    found = []
    for _ in range(number):
        following = times.after(moment)
        assert following is not None
        moment = following
        found.append(moment.astimezone(ZoneInfo(BERLIN)).strftime("%d %H:%M:%S"))
    return found


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [
        ("hourly", ["10 06:30:15", "10 07:30:15", "10 08:30:15"]),
        ("daily", ["11 05:30:15", "12 05:30:15", "13 05:30:15"]),
        ("every 20 minutes", ["10 06:10:15", "10 06:30:15", "10 06:50:15"]),
        # The grid begins anew every day: seven hours do not go into it.
        ("every 7 hours", ["10 12:30:15", "10 19:30:15", "11 02:30:15", "11 05:30:15"]),
    ],
)
def test_a_frequency_is_a_grid_from_the_start_time_on(frequency: str, expected: list[str]) -> None:
    times = DayGrid(start="05:30:15", frequency=frequency, zone=BERLIN)

    assert starts(times, datetime(2026, 7, 10, 4, 0, tzinfo=UTC), len(expected)) == expected


def test_before_the_start_time_the_grid_of_the_day_before_goes_on() -> None:
    times = DayGrid(start="05:30:00", frequency="hourly", zone=BERLIN)

    assert starts(times, datetime(2026, 7, 9, 23, 10, tzinfo=UTC), 2) == ["10 01:30:00", "10 02:30:00"]


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    st.sampled_from(["hourly", "every 5 minutes", "every 45 minutes", "every 5 hours"]),
    st.sampled_from(["UTC", BERLIN, "America/New_York", "Pacific/Auckland", "Asia/Kathmandu"]),
    st.times(),
)
def test_no_start_is_lost_or_doubled_on_any_day(moment: datetime, frequency: str, zone: str, start: object) -> None:
    times = DayGrid(start=f"{start:%H:%M:%S}", frequency=frequency, zone=zone)
    step = {"hourly": 60, "every 5 minutes": 5, "every 45 minutes": 45, "every 5 hours": 300}[frequency]

    following = times.after(moment)
    assert following is not None

    assert timedelta(0) < following - moment <= timedelta(minutes=step)
    assert times.after(following - timedelta(microseconds=1)) == following


def test_a_night_that_has_an_hour_twice_has_an_hourly_start_more() -> None:
    times = DayGrid(start="00:00:00", frequency="hourly", zone=BERLIN)
    moment, end = datetime(2026, 10, 24, 22, 0, tzinfo=UTC), datetime(2026, 10, 25, 23, 0, tzinfo=UTC)

    number = 0
    while (following := times.after(moment)) is not None and following <= end:
        moment = following
        number += 1

    assert number == 25


def test_a_cron_line_is_read_in_the_zone_of_the_settings() -> None:
    times = CronTimes(line="30 2 * * MON-FRI", zone=BERLIN)

    # The 29th of March 2026 is a Sunday, and 02:30 does not exist on it.
    assert starts(times, datetime(2026, 3, 27, 12, 0, tzinfo=UTC), 2) == ["30 02:30:00", "31 02:30:00"]


def test_every_counts_from_the_last_start() -> None:
    moment = datetime(2026, 7, 10, 4, 3, 20, tzinfo=UTC)

    assert Every(minutes=15).after(moment) == moment + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("0 3 * * *", True),
        ("*/15 8-18 * * 1-5", True),
        ("0 0 29 2 *", True),
        ("61 * * * *", False),
        ("0 3 * *", False),
        ("0 0 31 2 *", False),
        ("* * * * * *", False),
        ("@daily", False),
    ],
)
def test_only_what_comes_true_some_day_is_a_cron_line(line: str, *, is_one: bool) -> None:
    assert is_cron_line(line) == is_one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (CronTimes(line="0 3 * * *", zone="UTC"), CronTimes(line="0 3 * * *", zone=BERLIN)),
        (
            DayGrid(start="01:00:00", frequency="daily", zone="UTC"),
            DayGrid(start="02:00:00", frequency="daily", zone="UTC"),
        ),
        (Every(minutes=5), Every(minutes=6)),
    ],
)
def test_what_starts_otherwise_has_another_rule(one: Timetable, other: Timetable) -> None:
    assert one.rule != other.rule
