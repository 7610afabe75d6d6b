"""What CloudFormation templates cost: fixed hours, and the units that requests will be billed for."""
