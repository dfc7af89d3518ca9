"""The error report by mail: what went wrong in a day, to those who asked for it (B10)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from typing import Final

from queues.masking import mask_document
from queues.postgres.journal import LoggedRequest

_SHOWN: Final = 20


def compose(
    instance: str, errors: Sequence[LoggedRequest], *, since: datetime, until: datetime, is_all: bool
) -> EmailMessage:
    """Write the report of *errors*, newest first; *is_all* is false when there were more. No personal data is in it."""
    by_queue = Counter(each.queue for each in errors)
    more = "" if is_all else " or more"
    lines = [
        f"Between {since:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M} UTC {len(errors)}{more} requests went wrong:",
        "",
        *(f"  {count:>5}  {queue}" for queue, count in sorted(by_queue.items())),
        "",
        f"The newest {min(_SHOWN, len(errors))}:",
        "",
        *(f"  {each.at:%H:%M:%S}  {each.action or '-'}  {_why(each)}" for each in errors[:_SHOWN]),
        "",
        "All of them: am-connector logs list --level error. Failed messages: am-connector dead-letters list.",
    ]
    message = EmailMessage()
    message["Subject"] = f"am-connector {instance}: {len(errors)}{more} requests went wrong"
    message.set_content("\n".join(lines))
    return message


def _why(request: LoggedRequest) -> str:
    detail = next((each for each in request.details if each.get("reason")), {})
    told = mask_document({"key": detail.get("key", ""), "reason": detail.get("reason", "")}, personal=True)
    text = f"{told['key']}: {told['reason']}" if isinstance(told, dict) else ""
    return " ".join(text.split())[:200]
