"""Acumatica ERP: the client, reading records, push notifications."""
