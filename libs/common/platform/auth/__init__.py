"""Authentication: bearer tokens of any OIDC issuer, and the signatures of webhook senders."""
