"""Does a request keep to the contract? The verdict goes to the journal and never changes the answer."""

from collections.abc import Sequence

from daemon.sandbox.acumatica.contract import Contract, Form
from daemon.sandbox.acumatica.decoding import decode
from daemon.sandbox.acumatica.errors import BodyFault
from daemon.sandbox.acumatica.wire import SiteRequest
from daemon.sandbox.acumatica.wrapping import unknown_names

_OPTIONS = frozenset({"$filter", "$top", "$skip", "$expand", "$select", "$custom"})
_MOST_ERRORS = 20


def contract_errors(contract: Contract, request: SiteRequest, parts: Sequence[str]) -> list[str]:
    """Say what of a request on the endpoint is not in the contract; *parts* is its path below the endpoint, decoded."""
    name, rest = parts[0], list(parts[1:])
    if name == "files" or rest == ["$adHocSchema"]:
        return []
    operation = _operation(contract, request.method, name, rest)
    if operation not in contract.operations:
        return [f"{request.method} {'/'.join(parts)}: no such operation in the contract"]
    form = contract.forms[name]
    query = request.query
    errors = [f"{option}: no such option" for option in query if option not in _OPTIONS]
    for option in ("$expand", "$select"):
        for path in query.get(option, "").split(","):
            if path.strip() and path.strip() != "files":
                errors += _unknown_path(contract, form, path.strip(), is_part=option == "$expand")
    if request.method in ("PUT", "PATCH", "POST"):
        try:
            body = decode(request.body)
        except BodyFault:
            return [*errors, "body: not JSON"]
        if request.method == "POST":
            body = body.get("entity") if isinstance(body, dict) else None
        errors += unknown_names(contract, form, body)
    return errors[:_MOST_ERRORS]


def _operation(contract: Contract, method: str, name: str, rest: list[str]) -> tuple[str, str]:
    if not rest:
        return method, name
    if method == "POST":
        return method, f"{name}/{rest[0]}"
    if len(rest) == 3 and rest[1] == "status":  # noqa: PLR2004 - action, the word, the id
        return method, f"{name}/{rest[0]}/status/{{opId}}"
    keys = len(contract.forms[name].keys) if name in contract.forms else 0
    if len(rest) == 1 and keys != 1:
        return method, f"{name}/{{id}}"
    return method, "/".join([name, *(f"{{key{place}}}" for place in range(1, len(rest) + 1))])


def _unknown_path(contract: Contract, form: Form, path: str, *, is_part: bool) -> list[str]:
    *parts, last = path.split("/")
    for step in parts:
        if step not in form.parts:
            return [f"{path}: not in the contract"]
        form = contract.forms[form.parts[step].form]
    known = form.parts if is_part else {**form.fields, **form.parts, "id": None, "rowNumber": None, "note": None}
    return [] if last in known else [f"{path}: not in the contract"]
