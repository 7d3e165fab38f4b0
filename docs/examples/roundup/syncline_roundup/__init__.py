"""Roundup for Syncline: https://www.roundup-tracker.org, by its REST API."""

from syncline_roundup.connector import plugin

__all__ = ["plugin"]
