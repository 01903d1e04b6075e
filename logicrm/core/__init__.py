"""Mechanisms that every area leans on. Nothing in here knows a feature of the product."""
