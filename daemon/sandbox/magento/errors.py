"""
What Magento answers instead of a result.

    MagentoFault
    ├── Refusal     JSON with `message`, and `parameters`, `errors` where Magento has them; mostly 400, 401, 404
    ├── PhpFault    500 text/plain: the data broke the PHP code
    └── HtmlFault   an HTML page of the shop or of its web server
"""

from collections.abc import Mapping, Sequence

PHP_FAULT_TEXT = "An error has happened during application run. See exception log for details.\n"
NO_SUCH_PRODUCT = "The product that was requested doesn't exist. Verify the product and try again."
REQUIRED = '"%fieldName" is required. Enter and try again.'


class MagentoFault(Exception):
    """The root: a call that has no result."""


class Refusal(MagentoFault):
    """A refusal in Magento's JSON form; *parameters* keep their form (list: positional, mapping: named)."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        parameters: Sequence[object] | Mapping[str, object] | None = None,
        errors: Sequence[Mapping[str, object]] | None = None,
        with_null_trace: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.parameters = parameters
        self.errors = errors
        self.with_null_trace = with_null_trace

    def body(self) -> dict[str, object]:
        """The JSON body."""
        body: dict[str, object] = {"message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        if self.parameters is not None:
            body["parameters"] = self.parameters
        if self.with_null_trace:
            body["trace"] = None
        return body


class PhpFault(MagentoFault):
    """A PHP type error or the like."""


class HtmlFault(MagentoFault):
    """An HTML page where JSON was due."""

    def __init__(self, status: int, page: str, content_type: str = "text/html; charset=UTF-8") -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.page = page
        self.content_type = content_type


def required(field: str) -> Refusal:
    """A top-level parameter is missing."""
    return Refusal(REQUIRED, parameters={"fieldName": field})


def no_such_product() -> Refusal:
    """The product of the path or body is not there."""
    return Refusal(NO_SUCH_PRODUCT, status=404)


def no_such_entity(field: str, value: object) -> Refusal:
    """Nothing has that id."""
    return Refusal(
        "No such entity with %fieldName = %fieldValue",
        status=404,
        parameters={"fieldName": field, "fieldValue": value},
    )


def invalid_value_of(field: str, value: object) -> Refusal:
    """A field holds what it must not."""
    return Refusal(
        'Invalid value of "%value" provided for the %fieldName field.',
        parameters={"fieldName": field, "value": value},
    )


def internal_error() -> Refusal:
    """An unexpected exception of the shop; the report id names an entry of its log."""
    return Refusal(
        "Internal Error. Details are available in Magento log file. Report ID: webapi-0000000000000", status=500
    )


def no_route() -> Refusal:
    """Nothing answers this method and path."""
    return Refusal("Request does not match any route.", status=404)


def not_authorised(resource: str) -> Refusal:
    """Bad token, bearer use not allowed, or permission missing: Magento does not tell them apart."""
    return Refusal(
        "The consumer isn't authorized to access %resources.", status=401, parameters={"resources": resource}
    )
