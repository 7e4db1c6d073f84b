"""Platforms against servers and simulators."""
