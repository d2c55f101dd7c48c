"""The parts that all documents share: parameters, headers, security schemes, the problem."""

from collections.abc import Mapping

from libs.common.platform.http.catalogue import CATALOGUE
from libs.common.platform.http.problems import BASE, MEDIA_TYPE

MAX_KEY = 255
PROBLEM = {"$ref": "#/components/schemas/Problem"}

_FAULT = {
    "type": "object",
    "description": "One fault of the request.",
    "required": ["pointer", "code", "detail", "in"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) to the fault inside of `in`"},
        "code": {"type": "string", "description": "what is wrong, for programs"},
        "detail": {"type": "string", "description": "what is wrong, for people, in their language"},
        "in": {
            "type": "string",
            "enum": ["body", "query", "path", "header", "cookie"],
            "description": "the part of the request",
        },
    },
}
_PROBLEM = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457). Other members may stand beside these.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "the page that explains this code"},
        "title": {"type": "string", "description": "what happened, in the caller's language"},
        "status": {"type": "integer", "description": "the HTTP status"},
        "code": {"type": "string", "description": "stable, for programs"},
        "detail": {"type": "string", "description": "what happened this time"},
        "instance": {"type": "string", "description": "the request, as it stands in our logs"},
        "errors": {
            "type": "array",
            "description": "every fault of the request at once",
            "items": {"$ref": "#/components/schemas/Fault"},
        },
        "existing": {"type": "string", "description": "with `already_exists` and its like: what is there already"},
        "reasons": {
            "type": "array",
            "description": "with refusals about an operator: every check that failed",
            "items": {"type": "string"},
        },
    },
    "examples": [
        {
            "type": BASE + "validation_failed",
            "title": CATALOGUE["validation_failed"].title.en,
            "status": 422,
            "code": "validation_failed",
            "errors": [{"pointer": "/comment", "code": "missing", "detail": "Field required", "in": "body"}],
            "instance": "urn:request:0190b6d0-0000-7000-8000-000000000001",
        }
    ],
}
SCHEMAS: Mapping[str, object] = {"Problem": _PROBLEM, "Fault": _FAULT}

PARAMETERS: Mapping[str, Mapping[str, object]] = {
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "the `ETag` of what you have read; without it 428, with a stale one 412",
        "schema": {"type": "string", "pattern": r'^(W/)?"[0-9]{1,18}"$'},
        "example": '"3"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "the `ETag` of what you have: 304 without a body if it is still so",
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "names this call, such as a UUID: once done, it is answered from memory for 24 hours, "
        "and a refusal is not",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_KEY,
            "pattern": "^[!#-~]([ !#-~]*[!#-~])?$",
        },
    },
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "required": False,
        "description": "the language of titles and messages: `ru` (default) or `en`; codes are never translated",
        "schema": {"type": "string"},
        "example": "en",
    },
}

HEADERS: Mapping[str, Mapping[str, object]] = {
    "ETag": {
        "description": "the version of what is answered, for `If-Match`",
        "required": True,
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "Location": {
        "description": "the path of what was made",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Idempotency-Replayed": {
        "description": "`true` on the answer to a repeat with the same `Idempotency-Key`",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {
        "description": "seconds after which to try again",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "example": "2",
    },
    "WWW-Authenticate": {"description": "how to prove who you are (RFC 9110)", "schema": {"type": "string"}},
    "X-Request-Id": {
        "description": "the request's id: yours, if you sent one",
        "required": True,
        "schema": {"type": "string"},
    },
}

#: How a caller proves who they are. Webhooks: one of the others, as the source or channel is set up.
SECURITY: Mapping[str, Mapping[str, object]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of your issuer (RS256 or ES256) with the claims `sub`, `roles` and `desks`.",
    },
    "stream_ticket": {
        "type": "apiKey",
        "in": "query",
        "name": "ticket",
        "description": "A ticket for one stream, for clients that send no header: good once, for 60 seconds.",
    },
    "source_token": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Source-Token",
        "description": "The token of the source, as it was shown when the source was made.",
    },
    "source_token_in_query": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The token of the source, for senders that only know an address.",
    },
    "source_token_as_password": {
        "type": "http",
        "scheme": "basic",
        "description": "The token of the source as the password; any user name.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "A signature of Standard Webhooks, with `webhook-id` and `webhook-timestamp`.",
    },
    "provider_signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Provider-Signature",
        "description": "The provider's own signature or secret, under the provider's own name.",
    },
}


def header_refs(*names: str) -> dict[str, object]:
    """Return the `headers` of a response."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def problem_content(schema: Mapping[str, object]) -> dict[str, object]:
    """Return the `content` of a refusal."""
    return {MEDIA_TYPE: {"schema": schema}}
