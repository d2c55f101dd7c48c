"""Polls: what we ask regularly. Cursor, due time and quota stand in a leased row, so one replica asks at a time.

What a poll learns and the cursor behind it commit together: nothing is learnt twice, and nothing is passed over. A
long list may be applied in portions, the cursor with the last.
"""
