"""OneBot v11: a simulator with three profiles, independent clients that drive it, and Vigil against it."""
