"""Handing letters over: what is certain before the final dot and what is not after it, encryption, logins."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.standins.faults import KIND, Failure, Mode
from deploy.standins.server import running
from deploy.standins.smtp import SmtpStandin
from libs.common.connect.egress import Egress
from libs.common.connect.exchange import FORBIDDEN, MALFORMED, NO_ANSWER, UNREACHABLE, Answered, Lost, Reply
from libs.common.connect.mail import Mail, MailTransport

pytestmark = pytest.mark.servers

LETTER = b"Message-ID: <0190b6d0000070008000000000000001@example.com>\n\n.dot\nlast"
MAIL = Mail("localhost", 0, "starttls", "bounce@example.com", "anna@example.org", LETTER, "demo-relay",
            "demo-relay-password")  # fmt: skip


def certificates(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server on this machine shows, and what trusts it."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")]),
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1), [])
    made = made.add_extension(names, critical=False)
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "cert.pem"))


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator["Relay"]:
    async with opened(tmp_path) as found:
        yield found


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator["Relay"]:
    server, trusted = certificates(tmp_path)
    standin = SmtpStandin([SmtpStandin.demo()], KIND)
    standin.trusted = server
    async with running(standin):
        transport = MailTransport(Egress(f"localhost:{standin.mail_port}"), 2.0, trusted)

        async def call(**changes: object) -> Answered:
            return await transport.call(replace(MAIL, **{"port": standin.mail_port, **changes}))  # type: ignore[arg-type]

        yield standin, call


Relay = tuple[SmtpStandin, Callable[..., Awaitable[Answered]]]


async def test_a_letter_is_handed_over_encrypted_with_a_login_and_arrives_as_it_was(relay: Relay) -> None:
    standin, call = relay
    assert await call() == Reply(250, {"stage": "content"}, b"2.0.0 Queued")
    (entry,) = standin.journal.entries.values()
    assert (entry.chat_id, entry.text) == ("anna@example.org", LETTER.decode().replace("\n", "\r\n"))


@pytest.mark.parametrize("security", ["starttls", "none"])
def test_a_letter_is_handed_over_by_the_loop_that_workers_run_on(tmp_path: Path, security: str) -> None:
    async def handed_over() -> Answered:
        async with opened(tmp_path) as (standin, call):
            plain: dict[str, object] = {"user": None, "password": None}
            if security == "none":
                standin.trusted = None
            return await call(security=security, **(plain if security == "none" else {}))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(handed_over()) == Reply(250, {"stage": "content"}, b"2.0.0 Queued")


REFUSALS = [
    ({"password": "wrong"}, 535, "login"),
    ({"user": None}, 530, "sender"),
    ({"recipient": "anna0000@example.org"}, 550, "recipient"),
]


@pytest.mark.parametrize(("changes", "status", "stage"), REFUSALS)
async def test_a_refusal_says_to_what_it_was(
    relay: Relay, changes: dict[str, object], status: int, stage: str
) -> None:
    reply = await relay[1](**changes)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.headers) == (status, {"stage": stage})


async def test_a_server_that_is_not_trusted_gets_neither_password_nor_letter(relay: Relay) -> None:
    standin, _ = relay
    mail, egress = replace(MAIL, port=standin.mail_port), Egress(f"localhost:{standin.mail_port}")
    assert await MailTransport(egress, 2.0).call(mail) == Lost(False, UNREACHABLE, "SSLCertVerificationError")
    standin.trusted = None
    assert await MailTransport(egress, 2.0).call(mail) == Reply(502, {"stage": "starttls"}, b"not offered")
    assert not standin.journal.entries


async def test_an_answer_that_is_lost_after_the_letter_leaves_a_doubt(relay: Relay) -> None:
    standin, call = relay
    standin.dice.failures.append(Failure(Mode.LOSE, ""))
    lost = await call()
    assert isinstance(lost, Lost)
    assert (lost.arrived, lost.code, len(standin.journal.entries)) == (True, NO_ANSWER, 1)


@pytest.mark.parametrize(
    "recipient", ["a b@example.org", "a@example.org>\r\nRCPT TO:<b@example.org", "анна@пример.рф"]
)
async def test_what_no_envelope_can_carry_never_leaves(relay: Relay, recipient: str) -> None:
    assert await relay[1](recipient=recipient) == Lost(False, MALFORMED)


async def test_a_private_place_is_not_called() -> None:
    mail = replace(MAIL, host="127.0.0.1", port=25)
    assert await MailTransport(Egress(), 1.0).call(mail) == Lost(False, FORBIDDEN)


@asynccontextmanager
async def saying(words: bytes) -> AsyncIterator[int]:
    """Serve what a server says first, and nothing more."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


SAID = [b"", b"hello\r\n", b"220 \xff\r\n250-x\r\n", b"2" * 5000, b"220-a\r\n" * 500]
INJECTED = b"220 a\r\n250-a\r\n250 STARTTLS\r\n220 go\r\n250 in the clear\r\n"


@pytest.mark.parametrize("words", [*SAID, INJECTED])
async def test_before_the_letter_nothing_leaves_a_doubt(words: bytes) -> None:
    async with saying(words) as port:
        mail, transport = (
            replace(MAIL, host="127.0.0.1", port=port),
            MailTransport(Egress(f"127.0.0.1:{port}"), 0.3),
        )
        lost = await transport.call(mail)
    assert isinstance(lost, Lost)
    assert (lost.arrived, lost.code) == (False, UNREACHABLE)
