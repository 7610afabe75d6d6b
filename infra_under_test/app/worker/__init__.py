"""The media worker: takes jobs from the queue, makes renditions, and says how far it is."""
