"""One attempt for the messages of one request: sent once, bisected where the target does not say which was bad."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import structlog

from queues.failpoints import hit
from queues.message import Message
from queues.ports import Sender
from queues.verdicts import Exchange, Undetermined, Verdict

_log = structlog.stdlib.get_logger("queues.worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What one request to the target came to.

    Attributes:
        determined: the messages whose fate this request decided, with their verdicts; a bisected request may have none.
    """

    exchange: Exchange | None
    determined: Sequence[tuple[Message, Verdict]]


def newest_of_each_record(messages: Sequence[Message]) -> list[Message]:
    """
    Keep one message a record: the newest by its time, the later one in queue order where times are equal (rule 3).

    The others settle with its verdict, so that no request carries a record twice.
    """
    newest: dict[tuple[str, str, str], Message] = {}
    for message in messages:
        known = newest.get(message.scope)
        if known is None or message.event.time >= known.event.time:
            newest[message.scope] = message
    chosen = {id(message) for message in newest.values()}
    return [message for message in messages if id(message) in chosen]


async def deliver(
    sender: Sender,
    messages: Sequence[Message],
    *,
    observe: Callable[[Sequence[Verdict]], None],
    may_go_on: Callable[[], bool] = lambda: True,
) -> AsyncIterator[Answer]:
    """
    Make one attempt for *messages* (no record twice) and tell what became of each, answer by answer as they come.

    Where the target refuses a whole bulk request without naming the records at fault, the undetermined ones are sent
    again in halves: good records get through, and only refused ones spend the attempt (rule 6). After n bad records of
    N that took about n·log2(N) further requests, all of them within this one attempt.

    A sender that crashes, or does not answer one verdict a message, is a fault of ours: it spends the attempt of the
    part it was given, whose outcome nobody knows, and of no other.

    Args:
        sender: answers one verdict a message, in order.
        messages: one record each; at least one.
        observe: told the verdicts of every request, for the breaker.
        may_go_on: asked before every further request; when it says no, what is still undetermined stays so: a failed
            attempt like any other.
    """
    is_begun = False
    pending: list[Sequence[Message]] = [messages]
    undetermined: dict[int, Verdict] = {}
    while pending:
        part = pending.pop()
        if is_begun and not may_go_on():
            yield Answer(exchange=None, determined=[(message, undetermined[id(message)]) for message in part])
            continue
        is_begun = True
        try:
            verdicts = await _send(sender, part)
        except Exception as error:  # noqa: BLE001 - a fault of ours in a sender spends the attempt, never the queue
            _log.exception("sender.crashed", event_type=part[0].event.type, records=len(part))
            fault = Undetermined(error_class="mapping", text=f"internal error while sending: {error!r}")
            yield Answer(exchange=None, determined=[(message, fault) for message in part])
            continue
        observe(verdicts)
        pairs = list(zip(part, verdicts, strict=True))
        unknown = [message for message, verdict in pairs if isinstance(verdict, Undetermined)]
        undetermined |= {id(message): verdict for message, verdict in pairs}
        if len(part) == 1 or not unknown:
            yield Answer(exchange=_exchange(verdicts), determined=pairs)
            continue
        known = [(message, verdict) for message, verdict in pairs if not isinstance(verdict, Undetermined)]
        yield Answer(exchange=_exchange(verdicts), determined=known)
        if len(unknown) < len(part):
            pending.append(unknown)
        else:
            middle = len(unknown) // 2
            pending += [unknown[middle:], unknown[:middle]]


async def _send(sender: Sender, part: Sequence[Message]) -> Sequence[Verdict]:
    hit("request.begun", part)
    verdicts = await sender.send(part)
    hit("request.answered", part)
    if len(verdicts) != len(part):
        raise ValueError(f"a sender must answer one verdict a message: {len(part)} sent, {len(verdicts)} answered")
    return verdicts


def _exchange(verdicts: Sequence[Verdict]) -> Exchange | None:
    """Find the request among *verdicts*: records refused before sending have none."""
    return next((verdict.exchange for verdict in verdicts if verdict.exchange is not None), None)
