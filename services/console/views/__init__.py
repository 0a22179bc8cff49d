"""What each page shows, decided from rows alone: no database, HTTP, clock or randomness."""
