"""What runs the connector: a developer's machine, systemd, Kubernetes."""
