"""
What the site answers instead of a result.

    SiteFault
    ├── ServerFault    500 with an exception tree; business rules and bad credentials too
    ├── RecordFault    422, the record with `error` members
    ├── BodyFault      400, the body cannot be read
    └── PlainFault     a status alone, or an OAuth error
"""

from collections.abc import Mapping

from typing_extensions import override

STACK_TRACE = (
    "   at PX.Data.PXGraph.Execute(PXGraph graph, String view)\r\n"
    "   at PX.Api.ContractBased.EntityService.Put(EntityImpl entity) in C:\\build\\code_repo\\NetTools\\PX.Api.dll"
)


class SiteFault(Exception):
    """The root: a call that has no result."""

    status = 500

    def document(self) -> object:
        """The JSON body, None for an empty one."""
        return None


class ServerFault(SiteFault):
    """An exception of the site's code; *cause* is the inner one, which holds the real reason."""

    def __init__(
        self,
        message: str,
        *,
        kind: str = "PX.Data.PXException",
        cause: "ServerFault | None" = None,
        status: int = 500,
    ) -> None:
        super().__init__(message)
        self.message, self.kind, self.cause, self.status = message, kind, cause, status

    @override
    def document(self) -> object:
        """The tree of exceptions, stack traces and all."""
        tree: dict[str, object] = {
            "message": "An error has occurred.",
            "exceptionMessage": self.message,
            "exceptionType": self.kind,
            "stackTrace": STACK_TRACE,
        }
        if self.cause is not None:
            tree["innerException"] = self.cause.document()
        return tree


class RecordFault(SiteFault):
    """A record that cannot be saved as it is; *record* is the echo with its errors."""

    status = 422

    def __init__(self, record: Mapping[str, object]) -> None:
        super().__init__("a field was refused")
        self.record = record

    @override
    def document(self) -> object:
        """The record."""
        return self.record


class BodyFault(SiteFault):
    """A body that is empty or no JSON object."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @override
    def document(self) -> object:
        """The form of unreadable bodies."""
        return {"message": "The request is invalid.", "modelState": {"": [self.message]}}


class PlainFault(SiteFault):
    """A status, and a body where one is known."""

    def __init__(self, status: int, body: object = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body

    @override
    def document(self) -> object:
        """The body as it is."""
        return self.body


def not_found_in_system(label: str) -> str:
    """The text for a value that names nothing."""
    return f"'{label}' cannot be found in the system."


def login_limit(status: int) -> ServerFault:
    """No session is free."""
    return ServerFault("API Login Limit", status=status)


def bad_credentials() -> ServerFault:
    """User or password is wrong: 500, not 401."""
    return ServerFault("Error: Invalid credentials. Please try again.")


def unknown_tenant() -> ServerFault:
    """No such tenant, on a site with several."""
    return ServerFault(
        "A proper company ID cannot be determined for the request.", kind="PX.Data.PXUndefinedCompanyException"
    )


def operation_failed(reason: str) -> ServerFault:
    """A business rule refused; the reason is the inner exception."""
    return ServerFault(
        "Operation failed",
        kind="PX.Api.ContractBased.OutcomeEntityHasErrorsException",
        cause=ServerFault(reason),
    )
