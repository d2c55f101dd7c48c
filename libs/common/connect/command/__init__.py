"""Commands: calls that must happen once. A row is written with the decision, leased, called, and settled.

A command is accepted, refused, or unknown: nothing else ends it, and only a refusal is ever followed by another
call under a new key.
"""
