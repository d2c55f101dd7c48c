"""The four ASGI apps of the origin, each with settings of its own though they share one process."""

from collections.abc import Mapping
from typing import TypeVar

from fastapi import FastAPI

from libs.common.platform.http.assembly import create_api
from libs.common.platform.service import HasCore, Service
from libs.common.platform.settings import ServiceSettings
from services.assignment.app import SERVICE as ASSIGNMENT
from services.intake.app import SERVICE as INTAKE
from services.notifications.app import SERVICE as NOTIFICATIONS
from services.tasks.app import SERVICE as TASKS

S = TypeVar("S", bound=ServiceSettings)
C = TypeVar("C", bound=HasCore)


def create_apps(environments: Mapping[str, Mapping[str, str]]) -> dict[str, FastAPI]:
    """Build each service's API from its own environment."""
    return {
        INTAKE.name: _create(INTAKE, environments),
        TASKS.name: _create(TASKS, environments),
        ASSIGNMENT.name: _create(ASSIGNMENT, environments),
        NOTIFICATIONS.name: _create(NOTIFICATIONS, environments),
    }


def _create(service: Service[S, C], environments: Mapping[str, Mapping[str, str]]) -> FastAPI:
    prefix = f"{service.name.upper()}_"
    environment = environments[service.name]
    settings = {name.removeprefix(prefix).lower(): value for name, value in environment.items()}
    return create_api(service, service.settings.model_validate(settings))
