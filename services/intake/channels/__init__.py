"""The channels of desks as notifications publishes them: a source may name one."""
