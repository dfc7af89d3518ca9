"""Fetching attached files."""

from urllib.parse import quote

from daemon.acumatica.client import AcumaticaClient, Call, NotDone
from daemon.sync.records.item import ErpFile
from queues.verdicts import Refused


async def fetch_file(client: AcumaticaClient, file: ErpFile, *, service: str | None = None) -> bytes | NotDone:
    """
    Fetch the content of a file; an address outside the ERP is refused.

    Args:
        client: of the ERP.
        file: as its record tells it.
        service: the endpoint to fetch it through, a name or `Name/version`; None: the one that told of the file.
    """
    path = client.path_of(file.href)
    if path is None:
        text = f"the file {file.name} is not at an address of the ERP"
        return NotDone(verdict=Refused(error_class="validation", text=text))
    through = path if service is None else _through(service, path)
    reply = await client.call(Call(method="GET", path=through, is_json=False))
    return reply if isinstance(reply, NotDone) else reply.content


def _through(service: str, path: str) -> str:
    """Put *service* in the place of the endpoint in an address `/entity/Name/version/files/id`."""
    before, _, below = path.partition("/entity/")
    _, *version_and_file = below.split("/", 2)
    if len(version_and_file) != len(("version", "file")):
        return path
    version, rest = version_and_file
    name, _, other_version = service.partition("/")
    return f"{before}/entity/{quote(name, safe='')}/{quote(other_version, safe='') or version}/{rest}"
