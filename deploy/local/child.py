"""`python -m deploy.local.child MODULE …`: run a module in a process that ends when its parent has died.

The parent holds the other end of our standard input and never writes: the input ends when the parent does, even if
it was killed. So no worker outlives its parent and runs beside the next one.
"""

import os
import runpy
import signal
import sys
import threading
import time

from libs.common.platform.garbage import collect_rarely

_STOP_SECONDS = 20.0


def main() -> None:
    """Run the module that the arguments name, as `python -m` would."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    del sys.argv[0]
    collect_rarely()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with_the_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
