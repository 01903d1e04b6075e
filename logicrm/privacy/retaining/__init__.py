"""How long data is kept: the rules, the holds against them, unused accounts, and the end of a workspace."""
