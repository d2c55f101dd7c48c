"""Settings of intake."""

from typing import Annotated

from pydantic import Field

from libs.common.platform.settings import ServiceSettings


class IntakeSettings(ServiceSettings, env_prefix="INTAKE_"):
    """Settings of intake alone."""

    accept_queue: Annotated[int, Field(ge=1, le=100_000)] = 2048
    """Deliveries that may wait for a batch; more are answered 503."""
    accept_batch: Annotated[int, Field(ge=1, le=1000)] = 128
    """Deliveries that one statement stores at most."""
