"""Textual widgets that show records handed to them and post messages when keys are pressed."""
