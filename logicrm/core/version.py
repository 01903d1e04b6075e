"""The program's version, as /health and the exports state it (a test holds it equal to pyproject.toml)."""

VERSION = "0.1.0"
