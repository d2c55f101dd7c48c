"""`make chaos N=…`: N random kills in one long drill, then the same checks as in the tests."""

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from tests.chaos.drill import TARGETS, drill
from tests.harness.checks import violations


async def _run(rounds: int, seed: int) -> int:
    with tempfile.TemporaryDirectory(prefix="dozvon-chaos-") as folder:
        async with drill(Path(folder), seed) as running:
            targets = tuple(running.chance.choice(TARGETS) for _ in range(rounds))
            facts = await running.run(targets)
    wrong = violations(facts)
    sys.stdout.write(
        f"seed {seed}: {rounds} kills, {len(facts.answered)} orders answered, {len(wrong)} violations\n"
    )
    sys.stdout.writelines(f"  {line}\n" for line in wrong)
    return 1 if wrong else 0


def main() -> int:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    options = parser.parse_args()
    return asyncio.run(_run(options.rounds, options.seed))


if __name__ == "__main__":
    sys.exit(main())
