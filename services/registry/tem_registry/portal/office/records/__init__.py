"""Records on pages: their fields as forms ask for them, their words, their lists."""
