"""Small programs inside the containers; standard library only."""
