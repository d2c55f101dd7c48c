"""A demo desk with its keys: for the embedded stack and for compose's profile `demo`. Never for production."""
