"""What we start towards outside: commands, polls and connections over one guarded transport.

A use case never calls out. It writes a row; a worker loop leases it, calls outside any transaction, and settles.
"""
