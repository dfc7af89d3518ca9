"""Look-ups before a record is written: what their failure means, and what they learn of the store."""

from daemon.magento.classification import Failure
from daemon.magento.client import NotDone
from queues.verdicts import Refused, Undetermined


def look_up_failed(verdict: Failure, doing: str) -> Failure:
    """
    Tell that it was a look-up; what blamed some record becomes the store's fault.

    Args:
        verdict: of the look-up.
        doing: what was being looked up, `checking the SKUs before sending`.
    """
    text = f"{doing}: {verdict.text}"
    match verdict:
        case (
            Undetermined(status=status, exchange=exchange)
            | Refused(
                error_class="validation" | "not_found" | "conflict" | "too_large", status=status, exchange=exchange
            )
        ):
            return Refused(error_class="target_error", text=text, status=status, exchange=exchange)
        case Refused(error_class=error_class, status=status, retry_after_seconds=wait, exchange=exchange):
            return Refused(
                error_class=error_class, text=text, status=status, retry_after_seconds=wait, exchange=exchange
            )
        case _:
            return verdict


def page_limit(reply: NotDone) -> int | None:
    """Tell the largest page the store allows, if that is what it refused."""
    error = reply.error
    if error is None or not error.message.startswith("Maximum SearchCriteria pageSize"):
        return None
    highest = error.parameters.get("max") if isinstance(error.parameters, dict) else None
    return highest if isinstance(highest, int) and highest > 0 else None
