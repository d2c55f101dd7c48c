"""The promises of the compose files and the gateway, read from the files; the drill holds them to containers."""

import ast
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from deploy.setup import SetupSettings
from libs.common.platform.db.roles import SERVICES
from libs.common.platform.http.docs_page import POLICY
from libs.common.platform.sealing import DataKeys
from libs.common.platform.settings import ServiceSettings
from libs.common.platform.settings.source import keys_of
from services.assignment.settings import AssignmentSettings
from services.intake.app import SERVICE as INTAKE
from services.intake.settings import IntakeSettings
from services.notifications.app import SERVICE as NOTIFICATIONS
from services.notifications.settings import NotificationsSettings
from services.tasks.settings import TasksSettings
from tests.architecture.memory import Memory
from tests.architecture.sources import Source, sources

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text())["services"]
SECRETS = yaml.safe_load((DEPLOY / "compose.secrets.yml").read_text())["services"]
OPERATIONS = (DEPLOY.parent / "docs" / "operations.md").read_text()
GATEWAY = (DEPLOY / "Caddyfile").read_text()
OURS = {name: service for name, service in COMPOSE.items() if "dozvon" in service["image"]}
LASTING = {name: service for name, service in COMPOSE.items() if service["restart"] != "no"}
MODELS: Mapping[str, type[ServiceSettings]] = {
    "deploy.setup": SetupSettings,
    "services.intake": IntakeSettings,
    "services.tasks": TasksSettings,
    "services.assignment": AssignmentSettings,
    "services.notifications": NotificationsSettings,
}
CONFIGURED = sorted(name for name, service in OURS.items() if service.get("command", [""])[0] in MODELS)


def known_keys(model: type[ServiceSettings]) -> set[str]:
    return {key for name, field in model.model_fields.items() for key in keys_of(model, name, field)}


def variables(text: str) -> set[str]:
    return set(re.findall(r"^(?:# )?([A-Z_]+)=", text, re.MULTILINE))


def test_every_service_has_its_three_containers() -> None:
    wanted = {f"{service}-{part}" for service in SERVICES for part in ("migrate", "api", "worker")}
    assert wanted <= set(OURS)


def test_the_gateway_alone_publishes_ports() -> None:
    assert [name for name, service in COMPOSE.items() if "ports" in service] == ["gateway"]


def test_no_container_shares_a_namespace_of_the_machine() -> None:
    assert not [name for name, service in COMPOSE.items() if {"network_mode", "privileged", "pid"} & set(service)]


def test_images_are_the_four_and_ours() -> None:
    foreign = {service["image"] for service in COMPOSE.values()} - {service["image"] for service in OURS.values()}
    assert {image.partition("@")[0] for image in foreign} == {"postgres:18", "apache/kafka:4.3.1", "caddy:2"}
    assert "ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm" in (DEPLOY / "Dockerfile").read_text()


@pytest.mark.req("U24")
def test_images_of_others_are_named_by_digest() -> None:
    foreign = {service["image"] for service in COMPOSE.values()} - {service["image"] for service in OURS.values()}
    base = re.search(r"^ARG PYTHON_IMAGE=(.+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert base is not None
    assert [image for image in (*foreign, base[1]) if not re.search(r"@sha256:[0-9a-f]{64}$", image)] == []


@pytest.mark.req("U24")
@pytest.mark.parametrize("name", sorted(COMPOSE))
def test_every_container_has_limits_and_a_log_that_ends(name: str) -> None:
    service = COMPOSE[name]
    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@pytest.mark.req("U24")
def test_replicas_of_a_worker_share_no_name() -> None:
    named = [name for name, service in COMPOSE.items() if "INSTANCE" in (service.get("environment") or {})]
    assert named == []


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_are_shut(name: str) -> None:
    service = OURS[name]
    assert (service["user"], service["read_only"], service["cap_drop"]) == ("10001:10001", True, ["ALL"])
    assert "no-new-privileges:true" in service["security_opt"]


def test_our_image_is_of_the_same_user() -> None:
    last_stage = (DEPLOY / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert "\nUSER 10001:10001\n" in last_stage


@pytest.mark.parametrize("name", ["postgres", "kafka", "gateway"])
def test_no_container_gains_privileges(name: str) -> None:
    assert "no-new-privileges:true" in COMPOSE[name]["security_opt"]


@pytest.mark.parametrize("name", sorted(LASTING))
def test_what_lasts_is_watched_and_restarted(name: str) -> None:
    assert LASTING[name]["restart"] == "unless-stopped"
    assert LASTING[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", CONFIGURED)
def test_every_variable_is_a_setting_of_its_service(name: str) -> None:
    model = MODELS[OURS[name]["command"][0]]
    assert set(OURS[name]["environment"]) <= known_keys(model)


@pytest.mark.parametrize("name", CONFIGURED)
def test_secrets_from_files_replace_those_from_the_environment(name: str) -> None:
    passwords = {key for key in OURS[name]["environment"] if key.endswith(("PASSWORD", "DATA_KEYS"))}
    files = {key.removesuffix("_FILE"): path for key, path in SECRETS[name]["environment"].items()}
    assert set(files) == passwords
    assert {path.removeprefix("/run/secrets/") for path in files.values()} == set(SECRETS[name]["secrets"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_knows_its_own_password_alone(service: str) -> None:
    text = str(OURS[f"{service}-worker"])
    assert set(re.findall(r"(\w+)_DB_PASSWORD", text)) == {service.upper()}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_keeps_secrets_has_keys_of_its_own(service: str) -> None:
    keeps = {INTAKE.name: INTAKE.sealed, NOTIFICATIONS.name: NOTIFICATIONS.sealed}.get(service)
    found = set(re.findall(r"(\w+)_DATA_KEYS", str(OURS[f"{service}-worker"])))
    assert found == ({service.upper()} if keeps else set())


def test_the_keys_of_the_demo_can_be_used() -> None:
    values = re.findall(r"^\w+_DATA_KEYS=(.+)$", (DEPLOY / "demo.env").read_text(), re.MULTILINE)
    assert [DataKeys.parse(value).first for value in values] == ["demo", "demo"]


def test_the_demo_starts_only_when_asked_for() -> None:
    demo = {name for name, service in COMPOSE.items() if "deploy.standins" in str(service) or "demo" in name}
    assert "standins" in demo
    assert {tuple(COMPOSE[name]["profiles"]) for name in demo} == {("demo",)}


@pytest.mark.parametrize("file", [".env.example", "demo.env"])
def test_env_files_set_every_password_and_nothing_unknown(file: str) -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yml").read_text()))
    given = variables((DEPLOY / file).read_text()) - {"COMPOSE_PROFILES"}
    assert {name for name in asked if name.endswith(("PASSWORD", "DATA_KEYS"))} <= given <= asked


@pytest.mark.req("U9")
@pytest.mark.parametrize("file", [".env.example", "demo.env"])
def test_no_container_is_made_without_a_word_on_the_issuer(file: str) -> None:
    asked = (DEPLOY / "compose.yml").read_text()
    given = re.findall(r"^JWKS_(?:URL|FILE)=(.+)$", (DEPLOY / file).read_text(), re.MULTILINE)
    assert ("JWKS_URL: ${JWKS_URL?" in asked, len(given)) == (True, 1)


@pytest.mark.parametrize("service", SERVICES)
def test_the_gateway_asks_every_part_whether_it_is_ready(service: str) -> None:
    assert f"forward_auth {service}-api:8000 {{\n\t\t\turi /{service}/readyz" in GATEWAY
    assert f"forward_auth {service}-worker:8001 {{\n\t\t\turi /readyz" in GATEWAY


@pytest.mark.parametrize("service", SERVICES)
def test_the_gateway_hands_each_path_to_its_service(service: str) -> None:
    assert f"handle /{service}/* {{\n\t\treverse_proxy {service}-api:8000 {{" in GATEWAY


@pytest.mark.req("U25", "U37")
def test_the_gateway_has_the_document_of_all_apis_and_its_page() -> None:
    mounts = [volume.split(":") for volume in COMPOSE["gateway"]["volumes"] if volume.startswith("..")]
    files = [DEPLOY / mounts[0][0] / "dozvon.json", DEPLOY / mounts[1][0] / "page.html"]
    assert [mount[1] for mount in mounts] == ["/srv/openapi", "/srv/page"]
    assert all(file.is_file() and f"rewrite * /{file.name}" in GATEWAY for file in files)
    assert f'"{POLICY}"' in GATEWAY
    assert "handle / {\n\t\troot * /srv/page\n\t\trewrite * /index.json" in GATEWAY


def test_the_gateway_keeps_metrics_inside() -> None:
    assert re.search(r"@inside path_regexp .*metrics.*\n\thandle @inside \{\n\t\terror 404", GATEWAY)


def test_the_demo_as_shown_takes_its_values_from_the_demos_own_file() -> None:
    lines = [line for line in OPERATIONS.splitlines() if line.startswith("docker compose") and "demo" in line]
    shown = "docker compose --env-file deploy/demo.env -f deploy/compose.yml --profile demo "
    assert [line for line in lines if not line.startswith(shown)] == []
    assert {line.removeprefix(shown).split()[0] for line in lines} == {"up", "run"}


def test_what_is_shown_of_containers_is_there() -> None:
    files = re.findall(r"deploy/[\w.]*\w", OPERATIONS)
    missing = {name for name in files if not (DEPLOY.parent / name).exists()}
    services = re.findall(r"^docker compose .*(?:--no-deps|exec) (\S+)", OPERATIONS, re.MULTILINE)
    assert (missing - {"deploy/.env", "deploy/secrets"}, set(services) - set(COMPOSE)) == (set(), set())


@pytest.mark.parametrize("ignored", [".gitignore", ".dockerignore"])
def test_secrets_go_neither_to_git_nor_to_the_builder(ignored: str) -> None:
    lines = {line.rstrip("/") for line in (DEPLOY.parent / ignored).read_text().splitlines()}
    assert {"deploy/.env", "deploy/secrets"} <= lines


def test_the_image_has_neither_tests_nor_embedded_servers() -> None:
    shut = (DEPLOY.parent / ".dockerignore").read_text().splitlines()
    assert {"*", "deploy/local", "libs/common/testkit/*"} <= set(shut)
    assert "!tests" not in shut


def is_sent_to_the_builder(name: str, rules: Sequence[str]) -> bool:
    """The last rule of the ignore file that fits has the word."""
    sent = True
    for rule in rules:
        pattern = rule.removeprefix("!")
        if fnmatch(name, pattern) or fnmatch(name, f"{pattern}/*"):
            sent = rule.startswith("!")
    return sent


def in_the_image() -> dict[str, Source]:
    """Our Python files that the image has."""
    ignore = (DEPLOY.parent / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignore if not line.startswith("#")]
    built = (DEPLOY / "Dockerfile").read_text()
    lines = re.findall(r"^COPY ((?:libs|services|deploy).*) /opt/dozvon/app", built, re.MULTILINE)
    copied = [path for line in lines for path in line.split()]
    there = [source for source in sources() if any(fnmatch(source.name, f"{path}*") for path in copied)]
    return {source.module: source for source in there if is_sent_to_the_builder(source.name, rules)}


def imports(source: Source) -> list[str]:
    """Our own modules that a file imports from."""
    froms = {node.module for node in source.nodes if isinstance(node, ast.ImportFrom) and node.module}
    return sorted(name for name in froms if name.startswith(("libs.", "services.", "deploy.")))


def test_the_image_has_what_its_modules_import(pytestconfig: pytest.Config) -> None:
    image, memory = in_the_image(), Memory(getattr(pytestconfig, "cache", None))
    there = {*image, *(module.rpartition(".")[0] for module in image)}
    absent = {source.name: set(names) - there for source, names in memory.of(imports, image.values())}
    assert {name: modules for name, modules in absent.items() if modules} == {}


def test_the_image_has_what_compose_starts() -> None:
    started = {service["command"][0] for service in OURS.values() if "command" in service}
    image = in_the_image()
    assert [name for name in started if name not in image and f"{name}.__main__" not in image] == []
