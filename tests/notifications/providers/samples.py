"""Samples of what providers send and answer, with what each must be read as; one folder per provider.

`config.json` is the channel. Of every other file `expect` says: `accepted`, `refused` [class, code] of a
request with its `outbound`; `reports` [kind, id, progress, code] of a webhook, or of an answer about the
messages in `asks`; `written`, members of a customer's message; `subscribed`; or `unused` with the reason.
`partial`: the sample's request is not all of ours, with the reason.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson

from libs.common.connect.exchange import HttpRequest, Reply
from services.notifications.providers.base import Adapter
from services.notifications.providers.registry import CONFIGS, PROVIDERS
from services.notifications.providers.values import Button, Outbound, Raw, TemplateParts

FOLDER = Path(__file__).with_name("samples")
HERE = "https://hooks.example.com/notifications/v1/hooks/x/y"
Json = Any  # what a sample holds is as free as what providers write


@dataclass(frozen=True)
class Sample:
    """One file."""

    provider: str
    name: str
    data: Mapping[str, Json]

    @property
    def expect(self) -> Mapping[str, Json]:
        return cast("Mapping[str, Json]", self.data["expect"])

    @property
    def reply(self) -> Reply:
        """What the provider answers to our request."""
        said = self.data["response"]
        body = orjson.dumps(said["json"]) if "json" in said else said.get("text", "").encode()
        return Reply(said["status"], {k.lower(): v for k, v in said.get("headers", {}).items()}, body)

    @property
    def raw(self) -> Raw:
        """What the provider sends to us."""
        data = self.data
        body = data["raw"].encode() if "raw" in data else orjson.dumps(data["json"]) if "json" in data else b""
        headers = {name.lower(): value for name, value in data["headers"].items()}
        return Raw(data["method"], data.get("url", HERE), data.get("query", {}), headers, body)

    @property
    def outbound(self) -> Outbound:
        """Our message."""
        given = {"key": "key", "reference": None, **self.data["outbound"]}
        if template := given.get("template"):
            buttons = tuple(Button(**button) for button in template.get("buttons", ()))
            given["template"] = TemplateParts(
                template["name"], template["language"], tuple(template["parameters"]), buttons
            )
        return Outbound(**given)

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


def samples(provider: str | None = None) -> list[Sample]:
    """Return all samples, or those of one provider."""
    paths = sorted(FOLDER.glob("*/*.json"))
    found = [Sample(path.parent.name, path.stem, json.loads(path.read_text())) for path in paths]
    return [one for one in found if one.name != "config" and provider in (None, one.provider)]


def channel(provider: str, **changes: object) -> Adapter:
    """Return the adapter of a provider's channel in the samples."""
    config = json.loads((FOLDER / provider / "config.json").read_text())
    known = PROVIDERS[provider]
    return known(CONFIGS.validate_python({**config, **changes}), known.home)


def content(body: bytes, headers: Mapping[str, str]) -> Json:
    """Return a body as it is meant: JSON, or the fields of a form."""
    if "json" in headers.get("content-type", ""):
        return orjson.loads(body)
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def sent(request: HttpRequest) -> Json:
    return content(request.body, {name.lower(): value for name, value in request.headers.items()})


def wanted(sample: Sample) -> Json:
    """Return what a sample's request says."""
    return sample.data.get("json") or sample.data.get("form") or sample.data.get("query") or {}
