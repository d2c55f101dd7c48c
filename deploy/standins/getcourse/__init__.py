"""A stand-in for GetCourse: its export and import APIs, both kinds of its webhooks, and customers on demand."""
