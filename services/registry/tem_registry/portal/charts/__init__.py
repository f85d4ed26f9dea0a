"""Charts: numbers in, SVG text and a table out. Drawn on the server, complete without script."""
