"""The application: commands, worker, platforms, desk and screens."""

__version__ = "0.1.0"
