"""What happens over time: replication, launches, failbacks, executions of plans."""
