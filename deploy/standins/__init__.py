"""Providers as local HTTP servers that behave as their APIs do, errors and delays included."""
