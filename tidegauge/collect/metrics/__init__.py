"""What AWS meters of a stack: CloudWatch's figures and alarms, and what its parts are."""
