"""The HTTP side: one application with the API, the intake, health, metrics and the operators' pages."""
