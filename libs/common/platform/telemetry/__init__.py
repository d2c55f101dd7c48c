"""Logs, metrics and traces. Personal data never leaves the process through any of them."""
