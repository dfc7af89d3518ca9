"""Actions: begun by POST, perhaps long under way, asked about by the address in `Location`."""

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.sandbox.acumatica.access import Session
from daemon.sandbox.acumatica.errors import PlainFault, ServerFault, SiteFault
from daemon.sandbox.acumatica.fulfilment import FULFILMENT
from daemon.sandbox.acumatica.rows import Row, new_id
from daemon.sandbox.acumatica.saving import match
from daemon.sandbox.acumatica.site import Site
from daemon.sandbox.acumatica.wrapping import read_patch


@dataclass(slots=True, kw_only=True)
class Operation:
    """One action under way; `polls_left` answers say that it runs."""

    entity: str
    action: str
    session: Session
    polls_left: int
    failure: SiteFault | None


class Actions:
    """Begins actions and knows how they go."""

    def __init__(self, site: Site, *, polls: int) -> None:
        self._site = site
        self._polls = polls
        self._operations: dict[str, Operation] = {}

    def begin(self, entity: str, action: str, body: Mapping[str, object], session: Session) -> str | None:
        """
        Carry an action out.

        Returns:
            The id to ask with, None when it was done at once.

        Raises:
            PlainFault: 404, no such action or record.
            SiteFault: it failed at once.
        """
        if (entity, action) not in self._site.contract.actions:
            raise PlainFault(404)
        patch = read_patch(self._site.contract, self._site.contract.forms[entity], body.get("entity"))
        row = match(self._site, entity, patch)
        if row is None:
            raise PlainFault(404)
        failure: SiteFault | None = None
        try:
            FULFILMENT.get((entity, action), _nothing)(self._site, row)
        except SiteFault as fault:
            if not self._polls:
                raise
            failure = fault
        if not self._polls:
            return None
        number = new_id()
        self._operations[number] = Operation(
            entity=entity, action=action, session=session, polls_left=self._polls, failure=failure
        )
        session.running[entity] = number
        return number

    def is_running(self, entity: str, action: str, number: str) -> bool:
        """
        Tell whether an operation still runs; the last answer ends it.

        Raises:
            PlainFault: 404, no such operation.
            SiteFault: it has failed.
        """
        operation = self._operations.get(number)
        if operation is None or (operation.entity, operation.action) != (entity, action):
            raise PlainFault(404)
        if operation.polls_left > 1:
            operation.polls_left -= 1
            return True
        del self._operations[number]
        operation.session.running.pop(entity, None)
        if operation.failure is not None:
            raise operation.failure
        return False

    def check_free(self, entity: str, session: Session) -> None:
        """
        Refuse a request for a form on which an operation runs in the same session.

        Raises:
            ServerFault: 500, one runs.
        """
        if session.running.get(entity) in self._operations:
            raise ServerFault("The previous operation has not been completed yet.", kind="PX.Data.PXException")


def _nothing(_site: Site, _row: Row) -> None:
    """Every other action succeeds and changes nothing that is simulated."""
