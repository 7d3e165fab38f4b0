"""Simulated platforms that speak the vendors' REST APIs, strict as the real ones: no account needed anywhere."""
