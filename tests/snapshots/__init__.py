"""Pictures: of widgets, compared with those kept; of the console, for the README."""
