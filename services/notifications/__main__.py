"""`python -m services.notifications api|worker|migrate|rotate-keys|all`."""

import sys

from libs.common.platform.service import run
from services.notifications.app import SERVICE

raise SystemExit(run(SERVICE, sys.argv[1:]))
