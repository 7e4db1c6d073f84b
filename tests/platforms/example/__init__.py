"""An example of a platform that another distribution adds to Vigil: see vigil_wall.py."""
