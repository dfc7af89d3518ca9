"""
Provision and run everything on one machine: packages, servers, virtual environment, demonstration.

Standard library only, because it runs before any package is installed. Start it with `python3 -m deploy.local`.
"""
