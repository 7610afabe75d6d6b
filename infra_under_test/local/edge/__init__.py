"""The edge as nginx: CloudFront's behaviours, headers and signatures."""
