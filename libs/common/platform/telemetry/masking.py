"""Masking of personal data and secrets in logs, traces and shown errors (152-FZ, OWASP API8).

The last step of every log line works on values: fields that hold a person by name are dropped whole, text
is searched for phones, e-mails, tokens and the places where libraries quote rows and input.
"""

import re
from collections.abc import Mapping

MASK = "***"
_DEEPEST = 6

# Values under these names are hidden whole: no pattern recognises a name or an address.
_PRIVATE_KEYS = frozenset({
    "name", "first_name", "last_name", "middle_name", "full_name", "patronymic",
    "phone", "phones", "phone_raw", "email", "emails", "address", "person", "customer",
    "comment", "text", "message_text", "body", "payload", "raw", "input", "input_value",
    "password", "secret", "token", "access_token", "refresh_token", "api_key", "apikey",
    "webhook_key",
    "authorization", "signature", "cookie", "set-cookie", "source_key", "headers",
    "params", "parameters", "query", "query_string",
})  # fmt: skip

_SUSPECT = re.compile(
    r"@|%40|\d[\d\s().+-]{6,}|[Tt]oken|TOKEN|[Kk]ey|[Ss]ecret|[Pp]assw|[Bb]earer|eyJ|whsec|hooks/|://|input|[Ff]ailing|param|[Ss]ign|JSON\sdata"
)

# A quoted value may contain line ends: it lasts until text that only the quoting library writes, or to the end.
_REST = r"(?s:.*?)(?=\n[\s|+-]*(?:CONTEXT:|DETAIL:|HINT:|Traceback |File \")|\Z)"
_QUOTES = (
    # Rows and input as PostgreSQL, asyncpg, SQLAlchemy and pydantic quote them in their messages.
    (re.compile(r"(Key \(.*?\)=)" + _REST), r"\1***"),
    (re.compile(r"(Failing row contains )" + _REST), r"\1***"),
    (re.compile(r"(invalid input for query argument \$\d+: )" + _REST), r"\1***"),
    (re.compile(r"(invalid input (?:syntax|value) for [^:]*: )\"" + _REST), r"\1***"),
    (re.compile(r"(Token )\"(?s:.*?)\"( is invalid)"), r"\1***\2"),
    (re.compile(r"(JSON data, line \d+: )" + _REST), r"\1***"),
    (re.compile(r"(\[parameters: )" + _REST), r"\1***"),
    (re.compile(r"(input_value=)(?s:.*?)(, input_type=|\Z)"), r"\1***\2"),
    (re.compile(r"(['\"]input['\"]: ?)" + _REST), r"\1***"),
)

_SECRETS = (
    (re.compile(r"(://)[^\s/@]+@"), r"\1***@"),
    (re.compile(r"(hooks/(?:[a-z]+/)?)[^/\s?\"'&]+"), r"\1***"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"), MASK),
    (re.compile(r"\bwhsec_[\w+/=-]+"), MASK),
    (re.compile(r"(?i)(bearer\s+)[\w.~+/=-]+"), r"\1***"),
    (
        re.compile(
            r"(?i)(\b[\w-]*(?:password|passwd|secret|token|api_?key|signature|authorization)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&}]+"
        ),
        r"\1***",
    ),
    (re.compile(r"(?i)([?&;](?:key|sign|sig|hash)=)[^&\s\"']+"), r"\1***"),
)

_EMAIL = re.compile(r"[^\s\"'<>@,;:()\[\]=/\\&?{}]+(?:@|%40)[^\s\"'<>@,;:()\[\]=/\\&?{}%]+")
_NUMBER = re.compile(
    r"""(?P<keep>
        (?<![0-9A-Za-z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z])   # UUID
      | (?<!\d)\d{4}-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?)?(?!\d)   # date and time
      | (?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])     # IPv4
      | (?<![0-9A-Za-z])(?=[0-9a-f]*[a-f])[0-9a-f]{16,64}(?![0-9A-Za-z])                      # trace ids, digests
    ) | (?<!\d)(?:\+[ (]{0,2}\d(?:[ \t\u00a0().-]{0,3}\d){7,14}|\(?\d(?:[ \t\u00a0().-]{0,3}\d){9,14})(?!\d)""",
    re.VERBOSE,
)


def mask(text: str) -> str:
    """Return `text` without phones (10–15 digits, or + and 8–15), e-mails, secrets and quoted rows."""
    if _SUSPECT.search(text) is None:
        return text
    for pattern, replacement in (*_QUOTES, *_SECRETS):
        text = pattern.sub(replacement, text)
    return _NUMBER.sub(lambda match: match["keep"] or MASK, _EMAIL.sub(MASK, text))


def mask_value(value: object, depth: int = 0) -> object:
    """Return a value fit for JSON with every text in it masked; what is not plain data becomes its masked text."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, int):
        # A phone can be a number too; ids of ours are never so long.
        return value if -(10**9) < value < 10**9 else mask(str(value))
    if depth >= _DEEPEST:
        return MASK
    if isinstance(value, Mapping):
        return mask_fields({str(key): item for key, item in value.items()}, depth + 1)
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_value(item, depth + 1) for item in value]
    return mask(_text(value))


def mask_fields(fields: Mapping[str, object], depth: int = 0) -> dict[str, object]:
    """Return the fields masked; those that hold a person or a secret by name are hidden whole."""
    return {
        mask(key): MASK if key.lower() in _PRIVATE_KEYS and value is not None else mask_value(value, depth)
        for key, value in fields.items()
    }


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a foreign __str__ must not cost us the log line
        return f"<unprintable {type(value).__name__}: {type(error).__name__}>"
