"""The several-machine form names only commands, variables, ports and pages that exist.

No Docker engine is needed: the files are parsed and compared with the code.
"""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from flask import Flask
from sqlalchemy import make_url

from eventhub.app import create_app
from eventhub.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "eventhub"}
SETTINGS = {name.upper() for name in Settings.model_fields}
SUBSTITUTION = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
#: What Python and the shell read, and is not ours.
NOT_OURS = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


def example() -> dict[str, str]:
    """The variables of `.env.example`."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def substituted(text: str) -> str:
    """A value as Compose would read it, with the example's `.env` filled in."""
    filled = {name: value or "filled-in" for name, value in example().items()}

    def value_of(match: re.Match[str]) -> str:
        default = match[3] if match[2] == "-" else ""
        return filled.get(match[1], default)

    return SUBSTITUTION.sub(value_of, text)


def dockerfile(instruction: str) -> list[str]:
    """The arguments of each such instruction, continuation lines joined."""
    lines = DOCKERFILE.replace("\\\n", " ").splitlines()
    return [line.split(maxsplit=1)[1] for line in lines if line.startswith(f"{instruction} ")]


def image_environment() -> dict[str, str]:
    """What the image sets."""
    pairs = [pair.partition("=") for line in dockerfile("ENV") for pair in shlex.split(line)]
    return {name: value for name, _, value in pairs}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application, without a database: only its commands and pages are looked at."""
    folder = tmp_path_factory.mktemp("deployed")
    return create_app(Settings(data_dir=folder, secret_key="a key for tests only"))


def test_every_role_is_a_command_that_exists(deployed: Flask):
    commands = {name: service["command"][0] for name, service in OURS.items()}
    commands["the image by itself"] = yaml.safe_load(dockerfile("CMD")[0])[0]
    assert {"web", "worker", "scheduler", "migrate"} <= set(OURS)
    unknown = {name for name, command in commands.items() if command not in deployed.cli.commands}
    assert not unknown
    assert yaml.safe_load(dockerfile("ENTRYPOINT")[0]) == ["python", "-m", "eventhub"]


def test_every_variable_is_a_setting():
    named = {name for service in OURS.values() for name in service["environment"]}
    named |= set(image_environment()) - NOT_OURS
    assert named <= SETTINGS


def test_every_role_starts_with_settings_that_are_valid():
    for service in OURS.values():
        environment = image_environment() | service["environment"]
        values = {
            name.lower(): substituted(str(value))
            for name, value in environment.items()
            if name in SETTINGS
        }
        settings = Settings(**values)
        assert settings.site_url == "https://evenements.example.org"
        assert settings.mail_use_tls


def test_the_database_and_redis_are_the_services_beside():
    database = make_url(substituted(OURS["web"]["environment"]["DATABASE_URL"]))
    postgres = SERVICES["postgres"]["environment"]
    assert database.host in SERVICES
    assert database.username == postgres["POSTGRES_USER"]
    assert database.database == postgres["POSTGRES_DB"]
    assert database.password == substituted(postgres["POSTGRES_PASSWORD"])
    assert urlsplit(OURS["web"]["environment"]["REDIS_URL"]).hostname in SERVICES


def test_the_example_fills_in_everything_that_is_required_and_nothing_else():
    required = {match[1] for match in SUBSTITUTION.finditer(COMPOSE_TEXT) if match[2] == "?"}
    used = {match[1] for match in SUBSTITUTION.finditer(COMPOSE_TEXT)}
    assert required <= set(example())
    assert set(example()) <= used


def test_the_published_port_is_the_one_the_web_server_listens_on():
    listens_on = image_environment()["PORT"]
    assert dockerfile("EXPOSE") == [listens_on]
    published = [substituted(port).rpartition(":")[2] for port in OURS["web"]["ports"]]
    assert published == [listens_on]


def test_the_health_check_asks_a_page_that_exists(deployed: Flask):
    command = " ".join(OURS["web"]["healthcheck"]["test"])
    url = re.search(r"http://[^\"']+", command)
    assert url is not None
    asked = urlsplit(url[0])
    assert str(asked.port) == image_environment()["PORT"]
    assert deployed.url_map.bind("localhost").match(asked.path, method="GET")


def test_what_a_service_waits_for_and_keeps_is_declared():
    for service in SERVICES.values():
        waits_for = service.get("depends_on", {})
        assert set(waits_for) <= set(SERVICES)
        for name, condition in waits_for.items():
            healthy = condition["condition"] == "service_healthy"
            assert not healthy or "healthcheck" in SERVICES[name]
        kept = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        assert kept <= set(COMPOSE["volumes"])


def test_workers_can_be_scaled_and_everything_comes_back_after_a_fall():
    assert not {"ports", "container_name"} & set(SERVICES["worker"])
    restarts = {name: service["restart"] for name, service in SERVICES.items()}
    assert restarts.pop("migrate") == "no"
    assert set(restarts.values()) == {"unless-stopped"}


def test_the_image_copies_what_exists_and_is_let_through():
    sources = [line.split()[0] for line in dockerfile("COPY") if not line.startswith("--from")]
    let_through = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if f"!{source}" not in let_through] == []


def test_the_image_runs_a_python_that_the_project_supports():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    least = tuple(map(int, project["requires-python"].removeprefix(">=").split(".")))
    for image in dockerfile("FROM"):
        version = re.match(r"python:(\d+)\.(\d+)-slim", image)
        assert version is not None
        assert (int(version[1]), int(version[2])) >= least
