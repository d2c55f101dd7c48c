"""A day of a desk, played from outside by scripted customers and managers, who keep books of their own.

`python -m deploy.demo.day school --origin URL` plays it against `make run`, prints the day's numbers, and exits
1 unless the product's books balance and agree with those of the players.
"""
