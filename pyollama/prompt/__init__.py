"""Messages, tools and templates to text; token text to content, thinking and calls."""
