"""What a person must do is a task: one for each matter that a service raises, ended when it is done (P.12)."""
