"""Syncline keeps one incident in agreement across platforms and escalates it on time."""
