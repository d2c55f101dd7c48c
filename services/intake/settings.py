"""Settings of intake."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, HttpUrl, model_validator

from libs.common.platform.settings import ServiceSettings


class IntakeSettings(ServiceSettings, env_prefix="INTAKE_"):
    """Settings of intake alone."""

    accept_queue: Annotated[int, Field(ge=1, le=100_000)] = 2048
    """Deliveries that may wait for a batch; more are answered 503."""
    accept_batch: Annotated[int, Field(ge=1, le=1000)] = 128
    """Deliveries that one statement stores at most."""
    standins_url: HttpUrl | None = None
    """Where stand-ins play the exchanges, each under its format's code; absent in production."""
    public_url: HttpUrl | None = None
    """Where schools reach us from outside; needed to subscribe to their orders."""
    rates_url: HttpUrl | None = None
    """Where the Bank of Russia's daily rates are read; absent: at the stand-ins, or nowhere."""
    call_timeout: Annotated[float, Field(gt=0, le=20)] = 5.0
    """Seconds that one command to an exchange may take."""
    call_lease: Annotated[float, Field(gt=0, le=30)] = 8.0
    """Seconds after which a command counts as one without an answer; more than the time-out."""
    call_unknown_after: timedelta | None = None
    """How long events of a command without an answer may stay out; absent: as the exchange needs."""
    call_concurrency: Annotated[int, Field(ge=1, le=64)] = 8
    """Commands at the same time per exchange and worker."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.call_timeout >= self.call_lease:
            raise ValueError("call_timeout must be less than call_lease")
        return self

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.call_lease)

    @property
    def rates(self) -> str | None:
        """Return the address of the daily rates."""
        if self.rates_url is not None:
            return str(self.rates_url)
        return None if self.standins is None else f"{self.standins}cbr/scripts/XML_daily.asp"

    @property
    def outside(self) -> str | None:
        """Return where we are reached from outside, without a last slash."""
        return None if self.public_url is None else str(self.public_url).rstrip("/")

    @property
    def standins(self) -> str | None:
        """Return the address of the stand-ins, with its last slash."""
        return None if self.standins_url is None else f"{str(self.standins_url).rstrip('/')}/"
