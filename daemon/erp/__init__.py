"""The ERP as the service sees it: its client, what change capture reads there, and what senders read when they send."""
