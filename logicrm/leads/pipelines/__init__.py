"""Pipelines and their stages: the way of a lead from new to won or lost."""
