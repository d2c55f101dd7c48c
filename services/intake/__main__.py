"""`python -m services.intake api|worker|migrate|rotate-keys|all`."""

import sys

from libs.common.platform.service import run
from services.intake.app import SERVICE

raise SystemExit(run(SERVICE, sys.argv[1:]))
