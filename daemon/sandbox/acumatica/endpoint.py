"""What is below the endpoint's address: entities, their records, their actions, attached files."""

from collections.abc import Mapping

from daemon.sandbox.acumatica.access import Session
from daemon.sandbox.acumatica.actions import Actions
from daemon.sandbox.acumatica.adhoc import ad_hoc_schema
from daemon.sandbox.acumatica.contract import Form
from daemon.sandbox.acumatica.decoding import decode
from daemon.sandbox.acumatica.errors import BodyFault, PlainFault, ServerFault
from daemon.sandbox.acumatica.filters import compile_filter
from daemon.sandbox.acumatica.inquiries import inquire
from daemon.sandbox.acumatica.rows import Row
from daemon.sandbox.acumatica.saving import patch_only, put
from daemon.sandbox.acumatica.site import Site
from daemon.sandbox.acumatica.wire import SiteReply, SiteRequest, json_reply
from daemon.sandbox.acumatica.wrapping import Selection, read_patch, render

_NOT_OPTIMISED = {("Payment", "ApplicationHistory")}


class Endpoint:
    """
    Answers requests for records.

    Args:
        site: whose records.
        actions: what is under way.
        site_path: the path the instance sits under.
    """

    def __init__(self, site: Site, actions: Actions, site_path: str) -> None:
        self._site, self._actions, self._site_path = site, actions, site_path

    def answer(self, request: SiteRequest, parts: list[str], session: Session) -> SiteReply:
        """
        Answer a request below the endpoint's address.

        Raises:
            SiteFault: there is no result.
        """
        name, rest = parts[0], parts[1:]
        if name == "files" and len(rest) == 1:
            return self._file(rest[0])
        if name not in self._site.contract.entities:
            raise PlainFault(404)
        if "status" not in rest:
            self._actions.check_free(name, session)
        form = self._site.contract.forms[name]
        if request.method == "GET":
            return self._get(request, form, rest)
        if request.method in ("PUT", "PATCH"):
            return self._write(request, form)
        if request.method == "DELETE" and rest:
            return self._delete(form, rest)
        if request.method == "POST" and len(rest) == 1:
            return self._act(request, name, rest[0], session)
        raise PlainFault(405)

    def _get(self, request: SiteRequest, form: Form, rest: list[str]) -> SiteReply:
        if rest == ["$adHocSchema"]:
            return json_reply(ad_hoc_schema(self._site, form))
        if len(rest) == 3 and rest[1] == "status":  # noqa: PLR2004 - action, the word, the id
            return self._status(request, form.name, rest)
        if form.is_inquiry:
            raise PlainFault(405)
        return self._read(request, form, rest)

    def _base(self, request: SiteRequest) -> str:
        """The address of the endpoint, which links in answers begin with."""
        below = request.raw_path.removeprefix(self._site_path)
        return self._site_path + "/".join(below.split("/")[:4])

    def _read(self, request: SiteRequest, form: Form, key: list[str]) -> SiteReply:
        query, selection = request.query, Selection.of(request.query)
        base = self._base(request)
        if key:
            return json_reply(render(self._site.contract, form, self._record(form, key), selection, base=base))
        for part in selection.expanded:
            if (form.name, part) in _NOT_OPTIMISED:
                raise ServerFault(
                    f"Optimization cannot be performed. The following fields cause the error: {part}.",
                    kind="PX.Api.ContractBased.OptimizedExport.CannotOptimizeException",
                )
        rows = self._site.table(form.name).listed()
        if query.get("$filter"):
            holds = compile_filter(self._site.contract, form, query["$filter"])
            rows = [row for row in rows if holds(row)]
        rows = rows[_whole(query, "$skip") :]
        if "$top" in query:
            rows = rows[: _whole(query, "$top")]
        return json_reply(
            [
                render(self._site.contract, form, row, selection, number=number, base=base)
                for number, row in enumerate(rows, start=1)
            ]
        )

    def _record(self, form: Form, key: list[str]) -> Row:
        row = self._site.table(form.name).ids.get(key[0]) if len(key) == 1 else None
        if row is None and len(key) == len(form.keys):
            row = self._site.find(form.name, *key)
        if row is None:
            raise PlainFault(404)
        return row

    def _write(self, request: SiteRequest, form: Form) -> SiteReply:
        body = decode(request.body)
        if body is None:
            raise BodyFault("The request body should not be empty.")
        patch, query = read_patch(self._site.contract, form, body), request.query
        if form.is_inquiry:
            if request.method == "PATCH":
                raise PlainFault(405)
            row = inquire(self._site, form.name, patch)
        elif request.method == "PATCH":
            row = patch_only(self._site, form.name, patch, query)
        else:
            row = put(self._site, form.name, patch, query, request.headers)
        return json_reply(render(self._site.contract, form, row, Selection.of(query), base=self._base(request)))

    def _delete(self, form: Form, key: list[str]) -> SiteReply:
        self._site.delete(form.name, self._record(form, key))
        return SiteReply(status=204)

    def _act(self, request: SiteRequest, name: str, action: str, session: Session) -> SiteReply:
        body = decode(request.body)
        if not isinstance(body, dict):
            raise BodyFault("The request body should not be empty.")
        number = self._actions.begin(name, action, body, session)
        if number is None:
            return SiteReply(status=204)
        return SiteReply(status=202, headers={"Location": f"{request.raw_path}/status/{number}"})

    def _status(self, request: SiteRequest, name: str, rest: list[str]) -> SiteReply:
        is_running = self._actions.is_running(name, rest[0], rest[2])
        return SiteReply(status=202, headers={"Location": request.raw_path}) if is_running else SiteReply(status=204)

    def _file(self, number: str) -> SiteReply:
        for entity in self._site.contract.entities:
            for row in self._site.table(entity).listed() if not self._site.contract.forms[entity].is_inquiry else ():
                for file in row.files:
                    if file.id == number:
                        return SiteReply(status=200, body=file.content, content_type="application/octet-stream")
        raise PlainFault(404)


def _whole(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "0")
    if not (text.isascii() and text.isdigit()):
        raise ServerFault(
            f"Invalid value '{text}' for {name} query option found.", kind="Microsoft.Data.OData.ODataException"
        )
    return int(text)
