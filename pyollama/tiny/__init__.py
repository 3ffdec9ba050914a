"""The embedded model tiny, and what makes it."""
