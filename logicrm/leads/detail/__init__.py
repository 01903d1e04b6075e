"""The page of one lead: facts edited in place, and everything that happened."""
