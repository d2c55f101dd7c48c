"""`python -m deploy.standins`: the stand-ins as a process of their own."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.standins.cbr import CbrStandin
from deploy.standins.faults import PROFILES, Profile
from deploy.standins.getcourse.standin import GetCourseStandin
from deploy.standins.journal import Journal
from deploy.standins.mango import MangoStandin
from deploy.standins.max import MaxStandin
from deploy.standins.provider import ProviderStandin
from deploy.standins.server import Standin, bound, server
from deploy.standins.smsaero import SmsAeroStandin
from deploy.standins.smsc import SmscStandin
from deploy.standins.smsru import SmsRuStandin
from deploy.standins.smtp import SmtpStandin
from deploy.standins.team_webhook import TeamWebhookStandin
from deploy.standins.telegram import TelegramStandin
from deploy.standins.twilio import TwilioStandin
from deploy.standins.wazzup.accounts import DEMO_CHANNEL, DEMO_KEY, SCHOOL_CHANNEL, SCHOOL_KEY, Account, Channel
from deploy.standins.wazzup.standin import Standin as Wazzup
from deploy.standins.web_push import WebPushStandin
from deploy.standins.whatsapp_cloud import WhatsAppCloudStandin
from libs.common.platform.clock import Clock, SharedClock, SystemClock

#: The stand-ins beside Wazzup's.
DEMO_ACCOUNTS = (f"{DEMO_KEY}={DEMO_CHANNEL}", f"{SCHOOL_KEY}={SCHOOL_CHANNEL}")
GATEWAYS: Sequence[type[ProviderStandin]] = (
    WhatsAppCloudStandin,
    TwilioStandin,
    SmscStandin,
    SmsRuStandin,
    SmsAeroStandin,
    TelegramStandin,
    MaxStandin,
    TeamWebhookStandin,
)
#: The telephone exchanges.
EXCHANGES: Sequence[type[ProviderStandin]] = (MangoStandin,)
#: What browsers get pushes from.
PUSH_SERVICES: Sequence[type[ProviderStandin]] = (WebPushStandin,)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="standins", description="Stand-ins for messengers, SMS gateways and exchanges"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--mail-port", type=int, default=0, help="of the mail relay; 0: any free one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="nasty", help="of Wazzup's")
    parser.add_argument("--gateways", choices=sorted(PROFILES), default="gateway", help="profile of the others")
    parser.add_argument("--clock", type=Path, help="offset file of business time: when customers write and call")
    parser.add_argument("--journals", type=Path, help="folder of an append-only file per provider")
    parser.add_argument(
        "--wazzup-account",
        action="append",
        metavar="KEY=CHANNEL[,CHANNEL]",
        help=f"default {' and '.join(DEMO_ACCOUNTS)}",
    )
    return parser.parse_args(argv)


def _account(text: str) -> Account:
    key, _, channels = text.partition("=")
    return Account(key, [Channel(item) for item in channels.split(",") if item])


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    asyncio.run(_serve(_arguments(argv)))
    return 0


async def _serve(options: argparse.Namespace) -> None:
    clock: Clock = SharedClock(options.clock) if options.clock else SystemClock()

    def journal(code: str) -> Journal:
        return Journal(options.journals / f"{code}.jsonl" if options.journals else None)

    accounts = [_account(text) for text in options.wazzup_account or DEMO_ACCOUNTS]
    standins: list[Standin] = [
        Wazzup(accounts, PROFILES[options.profile], options.seed, journal(Wazzup.code), clock)
    ]
    profile: Profile = PROFILES[options.gateways]
    every = (*GATEWAYS, *EXCHANGES, *PUSH_SERVICES)
    standins += [
        known([known.demo(), known.school()], profile, options.seed, journal(known.code), clock) for known in every
    ]
    schools = [GetCourseStandin.demo()]
    ledger = options.journals / "getcourse-orders.jsonl" if options.journals else None
    standins.append(GetCourseStandin(schools, profile, options.seed, journal(GetCourseStandin.code), clock, ledger))
    standins.append(CbrStandin(profile, options.seed, clock))
    relay = SmtpStandin([SmtpStandin.demo()], profile, options.seed, journal(SmtpStandin.code), clock)
    relay.mail_port, relay.mail_host = options.mail_port, options.host
    standins.append(relay)
    await server(standins).serve(sockets=[bound(options.port, options.host)])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
