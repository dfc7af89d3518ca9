"""What is compared: each a process of its own that drains a queue of price events into a target."""
