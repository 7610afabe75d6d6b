"""AWS' price list: offers from files or the pricing API, and where in them our prices stand."""
