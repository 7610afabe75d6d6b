"""Access logs of CloudFront and of Application Load Balancers, a line or row at a time, as records."""
