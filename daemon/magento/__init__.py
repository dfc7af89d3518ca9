"""The Magento side: a client that tells exactly what became of a request, and the senders built on it."""
