"""What happened with a person, and what is to be done: activities and tasks."""
