"""Templates: everything they show is hostile text until it is escaped, which is done for all of it in one place."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from daemon import __version__
from daemon.http.dead_letter_documents import escaped
from daemon.http.keys import REQUEST_ID, SESSION, TEMPLATES
from daemon.http.problems import TITLES, Problem, to_json
from daemon.http.story import moment

CSRF_FIELD: Final = "form_token"
_FORM_TOKEN: Final = Markup('<input type="hidden" name="{}" value="{}">')


def make_templates() -> Environment:
    """Load the templates of the pages."""
    environment = Environment(
        loader=PackageLoader("daemon.http.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["number"] = _number
    environment.filters["short_queue"] = _short_queue
    environment.filters["pretty"] = _pretty
    environment.globals["version"] = __version__
    return environment


def render(request: web.Request, template: str, *, status: int = 200, **values: object) -> web.Response:
    """Answer a page; the token for its forms, the signed-in name and what it may do are there for every template."""
    session = request.get(SESSION)
    text = (
        request.app[TEMPLATES]
        .get_template(template)
        .render(
            path=request.path,
            token=_FORM_TOKEN.format(CSRF_FIELD, session.csrf_token() if session else ""),
            who=session.principal.name if session else "",
            may=session.principal.permissions if session else frozenset(),
            **values,
        )
    )
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8")


def render_problem(request: web.Request, problem: Problem) -> web.Response:
    """Answer a problem as a page, for people who look with a browser."""
    response = render(
        request,
        "problem.html",
        status=problem.status,
        title=TITLES.get(problem.code, "That did not work"),
        problem=problem,
        request_id=request[REQUEST_ID],
    )
    response.headers.update(problem.headers)
    return response


def _show(value: object) -> object:
    if value is None:
        return "\N{EN DASH}"
    # Markup was escaped already; any other text may turn the reading direction or hide in odd characters.
    return escaped(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _moment(value: datetime | None) -> Markup | None:
    if value is None:
        return None
    # Both parts come from a datetime: nothing of a stranger's is in them.
    shown = moment(value).removesuffix(" UTC")  # the foot of every page says it
    return Markup('<time datetime="{}">{}</time>').format(value.astimezone(UTC).isoformat(), shown)


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f}"


def _short_queue(name: str) -> str:
    """Leave the instance out: on the screen of one installation it says nothing."""
    return name.split(".", 1)[-1]


def _pretty(payload: Any) -> str:  # noqa: ANN401 - JSON is anything
    # Decimals stay as they were sent: 12.50 is not 12.5 to somebody who looks for it.
    return msgspec.json.format(to_json(payload), indent=2).decode()
