"""What formats of orders share: proof by a token or a signature, the source's map, the choice of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import ClassVar, assert_never

from pydantic import SecretStr

from libs.common.platform.auth.webhooks import WebhookRefusedError, WebhookVerifier
from services.intake.formats.base import OK, Answer, Format, Proof, Reply, as_json
from services.intake.formats.common import Names
from services.intake.formats.config import Auth, OrderConfig, PageConfig, ResponseKind, mapped_of
from services.intake.formats.content import digest_of
from services.intake.formats.examples import example_fields, form_of
from services.intake.formats.identifiers import is_no_id
from services.intake.formats.payload import object_of
from services.intake.formats.proof import token_proof
from services.intake.formats.rules import Json, Mapped, RawRequest, cleaned


@dataclass(frozen=True)
class OrderFormat(Format):
    """A format of orders. A source whose secrets are malformed cannot be made: ValueError."""

    config: OrderConfig

    #: Our field → the sender's names of it, and what is read besides.
    names: ClassVar[Names]
    also_read: ClassVar[frozenset[str]] = frozenset()
    #: Our field → the sender's name of it, in the example.
    sample: ClassVar[Mapping[str, str]]

    def __post_init__(self) -> None:
        if self.config.auth is Auth.SIGNATURE and self.secrets:
            self._verifier  # noqa: B018 - made now, so that no request meets a malformed secret

    @cached_property
    def _verifier(self) -> WebhookVerifier:
        return WebhookVerifier([SecretStr(secret) for secret in self.secrets])

    @cached_property
    def mapped(self) -> Mapped:
        """The source's map, ready for use."""
        config = self.config
        made = mapped_of(self.zone.key, config.currency, config.field_map, config.status_map)
        return made.with_charset(config.charset)

    @cached_property
    def known(self) -> frozenset[str]:
        """The names under which something of a request is read, in lower case."""
        named = {".".join(path).lower() for paths in {**self.names, **self.mapped.paths}.values() for path in paths}
        return frozenset({*named, *self.also_read, *self.token_fields})

    def payload(self, raw: RawRequest) -> dict[str, Json]:
        """Return a request's fields as the rules read them. Raises UnreadableError."""
        return object_of(raw, self.mapped.charset)

    @property
    def ways(self) -> tuple[str, ...]:
        """How a request may prove its sender, for who has not."""
        if self.config.auth is Auth.SIGNATURE:
            return ("Standard Webhooks: headers webhook-id, webhook-timestamp, webhook-signature",)
        return super().ways

    def example(self, at: datetime) -> RawRequest:
        """Return a form."""
        del at
        return form_of(example_fields(self.sample, self.config.field_map))

    def verify(self, raw: RawRequest) -> Proof:
        """Return whether the request proves its sender, in constant time. Raises nothing."""
        match self.config.auth:
            case Auth.NONE:
                return Proof.CURRENT
            case Auth.TOKEN:
                return token_proof(raw, self.secrets, self.token_fields)
            case Auth.SIGNATURE:
                return self._signature_proof(raw)
            case _:
                assert_never(self.config.auth)

    def _signature_proof(self, raw: RawRequest) -> Proof:
        # A sender signs before it packs, or after.
        for signed in (raw.body,) if raw.packed is None else (raw.body, raw.packed):
            try:
                matched = self._verifier.verify(signed, raw.headers)
            except WebhookRefusedError:
                continue
            return Proof.PREVIOUS if matched else Proof.CURRENT
        return Proof.REFUSED

    def digest(self, raw: RawRequest) -> str:
        """Return a digest of what a request says."""
        return digest_of(raw, self.mapped.charset)

    def repeat_key(self, raw: RawRequest) -> str | None:
        """Return the `webhook-id` that was signed: the sender's retries of one message carry the same one."""
        if self.config.auth is not Auth.SIGNATURE:
            return None
        given = raw.headers.get("webhook-id")
        return None if given is None or is_no_id(given) else cleaned(given)


@dataclass(frozen=True)
class PageFormat(OrderFormat):
    """A format whose sender is a script of the client: it chooses the answer."""

    config: PageConfig

    def reply(self, answer: Answer) -> Reply:
        """Return what the sender wants to hear of its delivery."""
        match self.config.response:
            case ResponseKind.OK:
                return OK
            case ResponseKind.JSON:
                return as_json(answer)
            case _:
                assert_never(self.config.response)
