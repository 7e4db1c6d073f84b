"""What every module does, without a screen."""
