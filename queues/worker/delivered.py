"""What this check has just delivered, so that an older message claimed beside it does not overwrite it (rule 13)."""

from collections import OrderedDict
from datetime import datetime
from typing import Final

from queues.message import Message

REMEMBERED: Final = 10_000
"""Records: far more than can be claimed and not yet settled; what is settled the ledger itself compares."""


class NewestDelivered:
    """
    Remembers the newest delivered time of the records last delivered.

    Args:
        applies: the queue's messages supersede each other; otherwise nothing is ever newer.
    """

    def __init__(self, *, applies: bool) -> None:
        self._applies = applies
        self._newest: OrderedDict[tuple[str, str, str], datetime] = OrderedDict()

    def note(self, message: Message) -> None:
        """Note a message as delivered."""
        if not self._applies:
            return
        known = self._newest.pop(message.scope, message.event.time)
        self._newest[message.scope] = max(known, message.event.time)
        if len(self._newest) > REMEMBERED:
            self._newest.popitem(last=False)

    def has_newer(self, message: Message) -> bool:
        """Tell whether a newer message of the record was delivered; a reprocessed one goes out all the same."""
        newest = self._newest.get(message.scope)
        return newest is not None and message.generation == 0 and newest > message.event.time
