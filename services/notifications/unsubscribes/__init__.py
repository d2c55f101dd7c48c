"""Links in advertisements by which their reader ends them, without a login (RFC 8058)."""
