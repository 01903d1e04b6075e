"""Conversion: a lead becomes a company and a contact, and stays, linked to both."""
