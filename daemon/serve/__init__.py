"""The composition root: the only package that knows everybody."""

from daemon.serve.process import serve

__all__ = ["serve"]
