"""Importing leads: a file comes in, is looked at, mapped and read by a job; it can be taken back as one act."""
