"""`python -P -m tidegauge.engine`: Locust, with this very `tidegauge`.

Locust puts the current folder before all others on the path; that of a checkout would bring its own.
"""

from locust.main import main

main()
