"""
Show on a running connector and a sandbox store what the connector does with 50 price changes.

Standard library only. `make run` tells the story in the terminal, `docker compose up` in the log of `sample`.
"""
