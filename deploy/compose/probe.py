"""Health check of a container: exit code 0 if the address named on the command line answers 200."""

import sys
import urllib.error
import urllib.request

_TIMEOUT_SECONDS = 4.0
_OK = 200


def main(arguments: list[str]) -> int:
    """Ask the one address in *arguments*; returns the exit code."""
    (url,) = arguments
    if not url.startswith("http://"):
        raise SystemExit(f"an address http://… is needed, got {url}")
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the scheme was just checked
            return 0 if answer.status == _OK else 1
    except (OSError, urllib.error.URLError) as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
