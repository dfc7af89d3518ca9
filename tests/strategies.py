"""What hypothesis draws: settings inside their ranges, events, messages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from queues.message import ChangeEvent, Message, decode, encode
from queues.settings import QueueProcessingSettings


def queue_settings() -> st.SearchStrategy[QueueProcessingSettings]:
    return st.builds(
        QueueProcessingSettings,
        threshold_count=st.integers(0, 200),
        batch_count=st.integers(1, 200),
        retry_count=st.integers(1, 12),
        check_process_time=st.integers(1, 59),
        process_sleep_time=st.integers(1, 59),
    )


def texts(max_size: int = 40) -> st.SearchStrategy[str]:
    """Text that an event may carry: no surrogates, no NUL, not blank, trimmed."""
    characters = st.characters(codec="utf-8", exclude_characters="\x00")
    return st.text(characters, min_size=1, max_size=max_size).map(str.strip).filter(bool)


def change_events() -> st.SearchStrategy[ChangeEvent]:
    numbers = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=0, max_value=10**9)
    return st.builds(
        ChangeEvent,
        id=texts(),
        source=texts(),
        type=st.just("to_magento.pricing"),
        subject=texts(),
        time=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),  # noqa: DTZ001 - hypothesis draws naive ends, the zone is set after
        storeview=st.none() | texts(),
        changed=st.none() | st.lists(texts(), max_size=3).map(tuple),
        data=st.fixed_dictionaries({"price": st.one_of(numbers, numbers.map(str))}),
    )


def event(
    key: str = "AC-1001", *, number: int = 0, price: str = "12.50", kind: str = "to_magento.pricing"
) -> ChangeEvent:
    """One price event; *number* tells events of one record apart and orders them in time."""
    return ChangeEvent(
        id=f"{key}-{number}",
        source="tests",
        type=kind,
        subject=key,
        time=datetime(2026, 11, 21, 9, tzinfo=UTC) + timedelta(seconds=number),
        data={"price": Decimal(price)},
    )


def message(key: str = "AC-1001", *, number: int = 0, price: str = "12.50") -> Message:
    return decode(encode(event(key, number=number, price=price)))
