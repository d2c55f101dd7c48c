"""The client of Wazzup24 API v3: each call returns an `Answer` and raises nothing."""

import asyncio
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx
import orjson

from services.notifications.delivery.rules import Answer

MAX_ANSWER = 64 * 1024  # bytes; a longer answer is not Wazzup's

# The connection was never made, so no byte of the request can have arrived.
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_CONNECT_SHARE = 0.45  # of the time-out, for each of pool, connection and TLS


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One text to send. `key` is the crmMessageId, `address` has digits only."""

    key: str
    api_key: str
    channel_id: str
    address: str
    text: str


class Wazzup:
    """The HTTP client. `timeout` is seconds for the whole call, from the pool to the last byte.

    Waiting for the connection and for TLS, which are timed one after the other, ends before that: the caller
    must be able to distinguish a call that never left from one without an answer.
    """

    def __init__(self, base_url: str, timeout: float, connections: int) -> None:
        self._timeout = timeout
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(timeout, pool=timeout * _CONNECT_SHARE, connect=timeout * _CONNECT_SHARE),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def send(self, message: OutboundMessage, traceparent: str) -> Answer:
        """Send once; errors are answers too."""
        body = {
            "channelId": message.channel_id,
            "chatType": "whatsapp",
            "chatId": message.address,
            "text": message.text,
            "crmMessageId": message.key,
        }
        return await self._call("POST", "message", body, message.api_key, traceparent)

    async def subscribe(self, api_key: str, uri: str) -> Answer:
        """Subscribe our address to Wazzup's webhooks; Wazzup probes the address during the call."""
        wanted = {"messagesAndStatuses": True, "contactsAndDealsCreation": False, "channelsUpdates": False}
        return await self._call("PATCH", "webhooks", {"webhooksUri": uri, "subscriptions": wanted}, api_key, None)

    async def _call(self, method: str, path: str, body: object, api_key: str, traceparent: str | None) -> Answer:
        headers = {"authorization": f"Bearer {api_key}", "content-type": "application/json"}
        if traceparent is not None:
            headers["traceparent"] = traceparent
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._http.request(method, path, content=orjson.dumps(body), headers=headers)
        except _NOT_CONNECTED as error:
            return Answer(None, may_have_arrived=False, code="unreachable", detail=type(error).__name__)
        except (httpx.HTTPError, TimeoutError) as error:
            return Answer(None, code="no_answer", detail=type(error).__name__)
        return read(response)


def read(response: httpx.Response) -> Answer:
    """Read a response of any shape: the body of an error may be empty or no JSON at all."""
    try:
        body = orjson.loads(response.content) if len(response.content) <= MAX_ANSWER else None
    except orjson.JSONDecodeError:
        body = None
    fields = body if isinstance(body, dict) else {}
    return Answer(
        response.status_code,
        code=_text(fields, "error"),
        detail=_text(fields, "description"),
        provider_message_id=_text(fields, "messageId") or None,
        retry_after=_seconds(response.headers.get("retry-after")),
    )


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    return value.replace("\x00", "")[:200] if isinstance(value, str) else ""


def _seconds(value: str | None) -> float | None:
    """Read Retry-After: seconds or an HTTP date (RFC 9110 §10.2.3); None for anything else."""
    if value is None:
        return None
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
