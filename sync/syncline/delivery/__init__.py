"""Delivery: one instance's record is brought in line with its incident, write by write."""
