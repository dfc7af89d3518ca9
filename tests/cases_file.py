"""The worked examples of the Queue Processing Settings, as they stand in the file."""

import json
from pathlib import Path
from typing import Any

CASES: dict[str, list[dict[str, Any]]] = json.loads((Path(__file__).parent / "cases/queue-settings.json").read_text())
