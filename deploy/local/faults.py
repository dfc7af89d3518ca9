"""
Errors of local provisioning.

ProvisioningError
├── MissingSoftwareError   something must be installed first, and we may not or could not do it
└── ServerFailedError      a server that we started ended or did not become ready
"""


class ProvisioningError(Exception):
    """Root of everything that stops local provisioning; its text is meant for the person at the terminal."""


class MissingSoftwareError(ProvisioningError):
    """Something must be installed by hand."""


class ServerFailedError(ProvisioningError):
    """A server that we started ended, or did not become ready in time."""
