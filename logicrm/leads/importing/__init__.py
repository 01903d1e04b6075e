"""Reading the files that other programs export: tables and cards in, clean values and named problems out."""
