"""Adopting a database that is older than the platforms: what exists there is looked for before anything is created."""

from syncline.restoring.adopting import Found, adopt

__all__ = ["Found", "adopt"]
