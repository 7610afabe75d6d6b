"""The same month on other terms: what each change would save."""
