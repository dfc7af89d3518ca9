"""The connector service: everything around the queue engine in `queues`."""

__version__ = "0.1.0"
