"""The calls about bulks: their status in three ways, and the search over operations."""

from daemon.sandbox.magento.bulks import Bulk, Operation
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.queueing import serialized
from daemon.sandbox.magento.search import find, result
from daemon.sandbox.magento.values import JsonObject

_INTEGRATION = 1


def _existing(call: Call) -> Bulk:
    uuid = call.path["bulkUuid"]
    bulk = call.shop.bulks.get(uuid)
    if bulk is None:
        raise Refusal("Bulk uuid %bulkUuid not exist", status=404, parameters={"bulkUuid": uuid})
    return bulk


def _summary(bulk: Bulk, operations: list[JsonObject]) -> JsonObject:
    return {
        "operations_list": operations,
        "user_type": _INTEGRATION,
        "bulk_id": bulk.uuid,
        "description": f"Topic {bulk.topic}",
        "start_time": bulk.start_time,
        "user_id": 1,
        "operation_count": len(bulk.operations),
    }


def short_status(call: Call) -> JsonObject:
    """`GET bulk/:uuid/status`."""
    bulk = _existing(call)
    return _summary(bulk, [_end(operation) for operation in bulk.operations])


def detailed_status(call: Call) -> JsonObject:
    """`GET bulk/:uuid/detailed-status`."""
    bulk = _existing(call)
    return _summary(bulk, [_details(bulk, operation) for operation in bulk.operations])


def count_by_status(call: Call) -> int:
    """`GET bulk/:uuid/operation-status/:status`."""
    bulk = _existing(call)
    wanted = call.number("status")
    return sum(operation.status == wanted for operation in bulk.operations)


def search_operations(call: Call) -> JsonObject:
    """`GET bulk?searchCriteria…`."""
    criteria = call.criteria()
    views: list[JsonObject] = [
        {"extension_attributes": {"start_time": bulk.start_time}, **_details(bulk, operation)}
        for bulk in call.shop.bulks.all()
        for operation in bulk.operations
    ]
    starts = {id(view): view["extension_attributes"] for view in views}

    def field_of(view: JsonObject, field: str) -> object:
        start = starts[id(view)]
        return start["start_time"] if field == "start_time" and isinstance(start, dict) else view.get(field)

    found, total = find(views, criteria, field_of)
    return result(found, criteria, total)


def _end(operation: Operation) -> JsonObject:
    return {
        "id": operation.number,
        "status": operation.status,
        "result_message": operation.message,
        "error_code": operation.error_code,
    }


def _details(bulk: Bulk, operation: Operation) -> JsonObject:
    return {
        **_end(operation),
        "bulk_uuid": bulk.uuid,
        "topic_name": bulk.topic,
        "serialized_data": serialized(bulk, operation),
        "result_serialized_data": operation.result,
    }
