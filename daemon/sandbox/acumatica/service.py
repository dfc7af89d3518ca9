"""The site's front: from the bytes of a request to the reply."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, unquote

from daemon.sandbox.acumatica.access import AUTH_COOKIE, SESSION_COOKIE, Access
from daemon.sandbox.acumatica.actions import Actions
from daemon.sandbox.acumatica.decoding import decode
from daemon.sandbox.acumatica.endpoint import Endpoint
from daemon.sandbox.acumatica.errors import BodyFault, PlainFault, SiteFault
from daemon.sandbox.acumatica.odata import odata
from daemon.sandbox.acumatica.settings import AcumaticaSandboxSettings
from daemon.sandbox.acumatica.site import Site
from daemon.sandbox.acumatica.wire import SiteReply, SiteRequest, fault_reply, json_reply

NOT_FOUND_PAGE = b"<!DOCTYPE html><html><head><title>404</title></head><body><h1>HTTP Error 404.0</h1></body></html>"


class AcumaticaService:
    """Answers requests from one site."""

    def __init__(self, site: Site, access: Access, actions: Actions, settings: AcumaticaSandboxSettings) -> None:
        self._access, self._settings = access, settings
        self._endpoint = Endpoint(site, actions, settings.site_path)
        self._doors: Mapping[tuple[str, str], Callable[[SiteRequest], SiteReply]] = {
            ("POST", "/entity/auth/login"): self._login,
            ("POST", "/entity/auth/logout"): self._logout,
            ("POST", "/identity/connect/token"): self._token,
            ("GET", "/entity"): self._versions,
        }

    def answer(self, request: SiteRequest) -> SiteReply:
        """Answer one request; whatever happens to it, there is a reply."""
        try:
            return self._answer(request)
        except SiteFault as fault:
            return fault_reply(fault)

    def below_endpoint(self, raw_path: str) -> list[str] | None:
        """The decoded parts below a served endpoint, None for every other address."""
        # The web server decodes a path before it is cut: an encoded slash cuts a key in two.
        parts = unquote(raw_path.removeprefix(self._settings.site_path)).strip("/").split("/")
        if parts[:2] == ["entity", "Default"] and len(parts) > 3 and parts[2] in self._settings.endpoint_versions:  # noqa: PLR2004 - entity, name, version, and what is asked for
            return parts[3:]
        return None

    def _answer(self, request: SiteRequest) -> SiteReply:
        path = request.raw_path
        if not path.startswith(self._settings.site_path + "/"):
            return SiteReply(status=404, body=NOT_FOUND_PAGE, content_type="text/html; charset=utf-8")
        path = path.removeprefix(self._settings.site_path).rstrip("/")
        handler = self._doors.get((request.method, path))
        if handler is not None:
            return handler(request)
        if path.startswith("/t/"):
            return json_reply(odata(self._access, self._settings, path, request.query, request.headers))
        session = self._access.session_of(request.cookies, request.headers.get("authorization", ""))
        parts = self.below_endpoint(request.raw_path)
        if parts is None:
            raise PlainFault(404)
        return self._endpoint.answer(request, parts, session)

    # --- signing in ---------------------------------------------------------------------------------------------------

    def _login(self, request: SiteRequest) -> SiteReply:
        if "json" in request.headers.get("content-type", ""):
            body = decode(request.body)
        else:
            body = dict(parse_qsl(request.body.decode(errors="replace")))
        if not isinstance(body, dict):
            raise BodyFault("The request body should not be empty.")
        session = self._access.login(body)
        return SiteReply(
            status=204,
            cookies={
                AUTH_COOKIE: f"{session.id}A",
                SESSION_COOKIE: session.id,
                "CompanyID": session.tenant,
                "Locale": "Culture=en-US&TimeZone=GMTM0800A",
                "UserBranch": str(1 + self._settings.branches.index(session.branch))
                if session.branch in self._settings.branches
                else "1",
            },
        )

    def _logout(self, request: SiteRequest) -> SiteReply:
        if "content-length" not in request.headers:
            return SiteReply(status=411, body=b"<h2>Length Required</h2>", content_type="text/html; charset=us-ascii")
        self._access.logout(request.cookies, request.headers.get("authorization", ""))
        return SiteReply(status=204, cookies={AUTH_COOKIE: "", SESSION_COOKIE: ""})

    def _token(self, request: SiteRequest) -> SiteReply:
        return json_reply(self._access.token(dict(parse_qsl(request.body.decode(errors="replace")))))

    def _versions(self, _request: SiteRequest) -> SiteReply:
        base = f"{self._settings.site_path}/entity/Default"
        return json_reply(
            {
                "version": {"acumaticaBuildVersion": self._settings.build, "databaseVersion": self._settings.build},
                "endpoints": [
                    {"name": "Default", "version": version, "href": f"{base}/{version}/"}
                    for version in self._settings.endpoint_versions
                ],
            }
        )
