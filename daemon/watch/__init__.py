"""Looks after the queues: what stands still, differs or has waited too long is seen, told and counted."""
