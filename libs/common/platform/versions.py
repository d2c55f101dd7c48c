"""The error of who changes what is not as they saw it any more."""


class StaleVersionError(Exception):
    """What is to be changed has another version than the caller saw."""
