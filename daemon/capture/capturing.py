"""The loop of change capture: takes keys that are due, has their records read, publishes events, lets the keys go."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Final

import structlog

from daemon.capture.ports import ChangedKeys, ChangeReader, Passed, Publisher, SkippedLog, SourceUnavailable
from queues.errors import DatabaseUnavailable, InvalidMessage
from queues.message import ChangeEvent
from queues.ports import Clock
from queues.postgres.changed_keys import DueKey
from queues.postgres.skipped_records import PassedOver
from queues.rabbitmq.publisher import Publication

GROUP: Final = 1_000
"""Keys looked at together: quantities and sales prices can only be read all at once, however few are wanted."""

_PATIENCE: Final = 3
"""Looks that fail together before one record of the group is suspected."""

PAUSE_SECONDS: Final = 1.0
"""Between two looks for keys while there are none."""

_log = structlog.stdlib.get_logger("daemon.capture")


CheckEvent = Callable[[ChangeEvent], None]


class Capture:
    """
    Makes change events of the keys that are due. Safe on several replicas at once.

    A key is let go only when the broker has confirmed its event; a crash before leads to another look, and the same
    event or a newer one.

    Args:
        keys: where the keys wait.
        readers: by event type; keys of other types have nowhere to go and are dropped with a warning.
        publisher: to the exchange of events.
        skipped: told of records that were passed over.
        instance: begins the names of queues.
        check_event: raises InvalidMessage for an event no sender could make sense of.
    """

    def __init__(
        self,
        keys: ChangedKeys,
        readers: Mapping[str, ChangeReader],
        publisher: Publisher,
        skipped: SkippedLog,
        *,
        instance: str,
        clock: Clock,
        check_event: CheckEvent,
    ) -> None:
        self._keys = keys
        self._readers = readers
        self._publisher = publisher
        self._skipped = skipped
        self._instance = instance
        self._clock = clock
        self._check_event = check_event

    async def run(self) -> None:
        """Look for keys again and again, until cancelled."""
        while True:
            try:
                captured = await self.capture()
            except DatabaseUnavailable as error:
                _log.warning("capture.interrupted", reason=str(error))
                captured = 0
            if captured < GROUP:
                await self._clock.sleep(PAUSE_SECONDS)

    async def capture(self) -> int:
        """
        Look at one group of keys; count those taken.

        Raises:
            DatabaseUnavailable: the keys could not be taken or let go; they are looked at again.
        """
        taken = await self._keys.take(GROUP)
        for event_type, keys in groupby(taken, key=lambda each: each.event_type):
            await self._look_at(event_type, list(keys))
        return len(taken)

    async def _look_at(self, event_type: str, keys: Sequence[DueKey]) -> None:
        reader = self._readers.get(event_type)
        if reader is None:
            _log.warning("change.without_queue", event_type=event_type, keys=[each.key for each in keys[:20]])
            await self._keys.done(keys)
            return
        try:
            answers = await reader.read(keys)
        except SourceUnavailable as error:
            if error.may_be_one and len(keys) > 1 and max(each.tries for each in keys) >= _PATIENCE:
                # One record must not hold the others up for ever: halves find it, and it goes on failing alone.
                middle = len(keys) // 2
                await self._look_at(event_type, keys[:middle])
                await self._look_at(event_type, keys[middle:])
                return
            await self._keys.failed(keys, str(error))
            _log.warning("change.not_read", event_type=event_type, keys=len(keys), reason=str(error))
            return
        looked_at = dict(zip(keys, answers, strict=True))
        passed = {key: answer for key, answer in looked_at.items() if isinstance(answer, Passed)}
        for key, answer in passed.items():
            _log.debug("change.skipped", event_type=key.event_type, key=key.key, reason=answer.reason)
        # Before they are let go: what was looked at twice is told twice, what was passed over is told for sure.
        await self._skipped.write(
            f"{self._instance}.{event_type}",
            [PassedOver(key=key.key, reason=answer.reason, origin=key.origin) for key, answer in passed.items()],
        )
        await self._keys.done(list(passed))
        await self._publish(
            [(key, event) for key, answer in looked_at.items() if isinstance(answer, tuple) for event in answer]
        )

    async def _publish(self, pairs: Sequence[tuple[DueKey, ChangeEvent]]) -> None:
        for key, event in pairs:
            try:
                self._check_event(event)
            except InvalidMessage as fault:
                # It goes to its queue all the same: there it becomes a dead letter that a person sees.
                _log.warning("change.invalid", event_type=key.event_type, key=key.key, reason=str(fault))
        refusals = await self._publisher.publish([Publication.of(event) for _, event in pairs])
        # Of a key with several events all must be confirmed; those that were are known by their ids the next time.
        unconfirmed = {key: refusal for (key, _), refusal in zip(pairs, refusals, strict=True) if refusal is not None}
        await self._keys.done(list(dict.fromkeys(key for key, _ in pairs if key not in unconfirmed)))
        if unconfirmed:
            reason = str(next(iter(unconfirmed.values())))
            await self._keys.failed(list(unconfirmed), reason)
            _log.warning("change.not_confirmed", keys=len(unconfirmed), reason=reason)
