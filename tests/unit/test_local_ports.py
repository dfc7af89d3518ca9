"""Ports that local provisioning chooses."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.local.ports import LOOPBACK, free_port, is_free


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        taken = server.getsockname()[1]

        assert not is_free(taken)


def test_a_port_taken_on_all_addresses_is_not_free_on_loopback() -> None:
    with socket.create_server(("", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_a_taken_preferred_port_is_replaced_by_another() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        taken = server.getsockname()[1]

        chosen = free_port(taken)

    assert chosen != taken


def test_a_free_preferred_port_is_taken_once_and_then_never_again() -> None:
    wanted = free_port()
    with socket.create_server((LOOPBACK, 0)) as server:
        preferred = server.getsockname()[1]

    assert free_port(preferred) == preferred
    assert free_port(preferred) != preferred
    assert free_port(wanted) != wanted


def test_no_port_is_handed_out_twice_to_servers_started_side_by_side() -> None:
    with ThreadPoolExecutor(max_workers=8) as threads:
        ports = list(threads.map(lambda _: free_port(), range(64)))

    assert len(set(ports)) == len(ports)


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_a_number_that_is_no_port_is_refused_with_range_and_value(port: int) -> None:
    with pytest.raises(ValueError, match=rf"port must be 1…65535, got {port}"):
        is_free(port)
