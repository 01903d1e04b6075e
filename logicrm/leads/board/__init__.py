"""The board: leads as cards in the columns of a pipeline."""
