"""Files of codes: read a line at a time, answered a piece at a time."""
