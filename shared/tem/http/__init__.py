"""What every service's web app has in common."""
