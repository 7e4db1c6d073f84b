"""The program in a real terminal, driven by its keys."""
