"""Telegram: a make-believe server, independent clients that drive it, and Vigil against it."""
