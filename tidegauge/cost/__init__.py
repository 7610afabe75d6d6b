"""Cost: billable units times dated prices, as exact line items; pure."""
