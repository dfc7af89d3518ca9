"""Ask a JSON interface over HTTP and read its answer."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

T = TypeVar("T")

_TIMEOUT_SECONDS = 30.0
_PATIENCE_SECONDS = 60.0
_BETWEEN_QUESTIONS_SECONDS = 0.5


class UnexpectedAnswerError(Exception):
    """The other side did not answer, refused, or did not come to what was expected; the text tells which."""


class JsonHttp:
    """A base URL and the token it asks for."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        """
        Prepare for *url*; nothing is asked yet.

        Raises:
            ValueError: *url* is no http or https address.
        """
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ValueError(f"an address http://… is needed, got {url}")
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def get(self, path: str, parameters: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON can be anything
        """Read *path*."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self._ask("GET", path + query, None, "application/json")

    def post(self, path: str, document: object, *, content_type: str = "application/json") -> Any:  # noqa: ANN401 - as above
        """Send *document* to *path*."""
        return self._ask("POST", path, document, content_type)

    def put(self, path: str, document: object) -> Any:  # noqa: ANN401 - as above
        """Replace what is at *path* by *document*."""
        return self._ask("PUT", path, document, "application/json")

    def patch(self, path: str, document: object) -> Any:  # noqa: ANN401 - as above
        """Change what *document* names at *path*."""
        return self._ask("PATCH", path, document, "application/merge-patch+json")

    def delete(self, path: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 - as above
        """Remove what *parameters* name from *path*."""
        return self._ask("DELETE", f"{path}?{urlencode(parameters)}", None, "application/json")

    def _ask(self, method: str, path: str, document: object, content_type: str) -> Any:  # noqa: ANN401 - as above
        body = None if document is None else json.dumps(document).encode()
        headers = {**self._headers, **({"Content-Type": content_type} if body is not None else {})}
        request = urllib.request.Request(self._url + path, data=body, method=method, headers=headers)  # noqa: S310 - the scheme was checked
        try:
            return _read_patiently(request)
        except urllib.error.HTTPError as error:
            raise UnexpectedAnswerError(f"{method} {path}: {error.code} {_detail(error)}") from error
        except (OSError, ValueError) as error:
            raise UnexpectedAnswerError(f"{method} {self._url}{path}: {error}") from error


def _read_patiently(request: urllib.request.Request) -> Any:  # noqa: ANN401 - JSON can be anything
    """Ask again while the answer is "not now, but later": the connector says so when a server of its own is slow."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the scheme was checked
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            later = error.headers.get("Retry-After", "")
            is_later = error.code == HTTPStatus.SERVICE_UNAVAILABLE and later.isdecimal()
            if not is_later or time.monotonic() + int(later) > deadline:
                raise
            time.sleep(int(later))


def wait_for(what: str, look: Callable[[], T | None], *, seconds: float, check: Callable[[], None] | None = None) -> T:
    """
    Ask *look* again and again until it gives something, and return that.

    Args:
        what: words for what is waited for, for the error.
        look: None means not yet; an UnexpectedAnswerError means that, too.
        seconds: how long to go on.
        check: called between the questions; what it raises ends the waiting.

    Raises:
        UnexpectedAnswerError: nothing came in time.
    """
    deadline = time.monotonic() + seconds
    last = ""
    while True:
        try:
            if (found := look()) is not None:
                return found
        except UnexpectedAnswerError as error:
            last = f" ({error})"
        if time.monotonic() > deadline:
            raise UnexpectedAnswerError(f"{what} did not come about within {seconds:.0f} s{last}")
        if check is not None:
            check()
        time.sleep(_BETWEEN_QUESTIONS_SECONDS)


def is_ready(url: str) -> bool | None:
    """Return True if the connector at *url* says it is ready, None if not yet."""
    try:
        JsonHttp(url).get("/health/ready")
    except UnexpectedAnswerError as error:
        if (
            isinstance(error.__cause__, urllib.error.HTTPError)
            and error.__cause__.code != HTTPStatus.SERVICE_UNAVAILABLE
        ):
            raise
        return None
    return True


def _detail(error: urllib.error.HTTPError) -> str:
    """Return what a problem document says, or the beginning of the answer."""
    text = error.read().decode(errors="replace")
    try:
        document = json.loads(text)
        return str(document.get("detail") or document.get("title") or document)
    except (ValueError, AttributeError):
        return text[:200]
