"""The documents of the four APIs, each and merged, as they are committed under docs/openapi."""
