"""
The async shell around the pure core: run, check, settle.

`service` keeps one queue on its schedule, `run` is one run of it, `check` one check: it takes the snapshot, claims,
has requests made (`delivery`) and their outcomes written down and acknowledged (`settling`).
"""
