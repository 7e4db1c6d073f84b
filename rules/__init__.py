"""Pure rules: text in, findings out. Imports nothing else of Vigil."""
