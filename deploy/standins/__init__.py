"""Stand-ins for the providers: one process, one port, one path per provider, by default with many faults.

`python -m deploy.standins --port 8900` runs them alone, `server.running()` in a test's own process. A provider
answers under its code (`/wazzup/…`) and lists what it accepted at `/<code>/_journal`; `/<code>/_control`
changes its chances.
"""
