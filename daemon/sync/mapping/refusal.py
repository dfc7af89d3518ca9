"""How a mapping says that a record cannot be told to the shop: it counts as an attempt, and a person mends the data."""

from queues.verdicts import Refused


def unmapped(text: str) -> Refused:
    """Refuse a record with the error class `mapping`; *text* tells what to mend and where."""
    return Refused(error_class="mapping", text=text)
