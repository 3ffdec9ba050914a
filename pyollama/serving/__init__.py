"""Which model, is it loaded, is there room: runners, keep_alive, cancellation."""
