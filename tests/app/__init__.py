"""Widgets and screens in a headless app."""
