"""The command line: one file per command, an HTTP client of the server."""
