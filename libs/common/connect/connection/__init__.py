"""Connections: a line that is kept open by one replica. Frames are stored before they are read.

What was missed while the line was down is another's business: the service hears of the gap and lets a poll
fetch it.
"""
