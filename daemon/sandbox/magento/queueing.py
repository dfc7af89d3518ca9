"""Queueing asynchronous calls, and carrying them out as the shop's consumer does."""

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from daemon.sandbox.magento.bulk_topics import TOPICS, WITHOUT_RESULT
from daemon.sandbox.magento.bulks import COMPLETE, REFUSED, Bulk, Operation
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import PHP_FAULT_TEXT, MagentoFault, Refusal, no_route
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.values import JsonObject

_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedCall:
    """One converted call that waits for the consumer: `sent` is the body as it came."""

    sent: JsonObject
    body: JsonObject
    path: Mapping[str, str]


class Consumer:
    """
    Carries out what was queued.

    While `is_running` (as it should be at a merchant's) it does so at once; otherwise when it is told to.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._waiting: list[tuple[Bulk, Operation, Callable[[], object], bool]] = []

    def queue(
        self, *, method: str, path: str, store_id: int, service: Callable[[Call], object], calls: Sequence[QueuedCall]
    ) -> JsonObject:
        """
        Queue the calls of one request; return the answer.

        Raises:
            Refusal: the call is not one that can be queued.
        """
        names = TOPICS.get((method, path))
        if names is None:
            raise no_route()
        topic, success = names
        bulk = Bulk(
            uuid=str(uuid.uuid4()),
            topic=f"async.{topic}.{method.lower()}",
            success=f"Service execution success {success}",
            store_id=store_id,
            start_time=self._shop.timestamp(),
        )
        self._shop.bulks.add(bulk)
        for number, queued in enumerate(calls):
            operation = Operation(number=number, sent=queued.sent)
            bulk.operations.append(operation)
            call = Call(
                shop=self._shop,
                method=method,
                store_id=store_id,
                path=queued.path,
                query=(),
                body=queued.body,
                sent_keys=len(queued.sent),
                is_async=True,
            )
            self._waiting.append((bulk, operation, _bound(service, call), path in WITHOUT_RESULT))
        answer: JsonObject = {
            "bulk_uuid": bulk.uuid,
            "request_items": [
                {"id": operation.number, "data_hash": _hash(bulk, operation), "status": "accepted"}
                for operation in bulk.operations
            ],
            "errors": False,
        }
        if self._shop.configuration.consumer:
            self.run()
        return answer

    def run(self) -> int:
        """Carry out everything that waits; return how much that was."""
        waiting, self._waiting = self._waiting, []
        for bulk, operation, service, is_mute in waiting:
            _carry_out(bulk, operation, service, is_mute=is_mute)
        return len(waiting)


def _bound(service: Callable[[Call], object], call: Call) -> Callable[[], object]:
    return lambda: service(call)


def _carry_out(bulk: Bulk, operation: Operation, service: Callable[[], object], *, is_mute: bool) -> None:
    try:
        value = service()
    except MagentoFault as fault:
        operation.status, operation.error_code = REFUSED, 0
        operation.message = rendered(fault)
        return
    operation.status, operation.message = COMPLETE, bulk.success
    operation.result = None if is_mute else _ENCODER.encode(value).decode()


def rendered(fault: MagentoFault) -> str:
    """The message of a refusal with its parameters filled in."""
    if not isinstance(fault, Refusal):
        return PHP_FAULT_TEXT.strip()
    message, parameters = fault.message, fault.parameters
    if isinstance(parameters, Mapping):
        for name, value in parameters.items():
            message = message.replace(f"%{name}", str(value))
    elif parameters is not None:
        for position, value in enumerate(parameters, 1):
            message = message.replace(f"%{position}", str(value))
    return message


def serialized(bulk: Bulk, operation: Operation) -> str | None:
    """The input of an operation as the shop keeps it: until it is complete."""
    if operation.status == COMPLETE:
        return None
    data: JsonObject = {
        "entity_id": None,
        "entity_link": "",
        "meta_information": _ENCODER.encode(operation.sent).decode(),
        "store_id": str(bulk.store_id),
    }
    return _ENCODER.encode(data).decode()


def _hash(bulk: Bulk, operation: Operation) -> str:
    return hashlib.sha256(f"{bulk.topic}{operation.number}".encode() + _ENCODER.encode(operation.sent)).hexdigest()
