"""Fetching attached files."""

from daemon.acumatica.client import AcumaticaClient, Call, NotDone
from daemon.sync.records.item import ErpFile
from queues.verdicts import Refused


async def fetch_file(client: AcumaticaClient, file: ErpFile) -> bytes | NotDone:
    """Fetch the content of a file; an address outside the ERP is refused."""
    path = client.path_of(file.href)
    if path is None:
        text = f"the file {file.name} is not at an address of the ERP"
        return NotDone(verdict=Refused(error_class="validation", text=text))
    reply = await client.call(Call(method="GET", path=path, is_json=False))
    return reply if isinstance(reply, NotDone) else reply.content
