"""How the names of keys begin: the one place that says it."""

PREFIX = "fleet:"
"""The default of REDIS_PREFIX."""
