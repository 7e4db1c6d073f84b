"""Platforms: one module a chat service, all of the shape of `base.Platform`."""
