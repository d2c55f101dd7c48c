"""Web push: a new task reaches its operator's phone and browser too, also where no page is open (S0.3)."""
