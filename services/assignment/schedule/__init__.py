"""Who is to work when: a desk's shifts week by week, single days, and who is not there (S2.2, S4.6)."""
