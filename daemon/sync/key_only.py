"""Events that name a record and say no more: it is read in the ERP when it is sent."""

from queues.message import ChangeEvent


def read_key(event: ChangeEvent) -> str:
    """Give the key of the record; whatever `data` holds is kept and not looked at."""
    return event.subject
