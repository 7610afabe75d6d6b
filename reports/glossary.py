"""What the report's words mean."""

from __future__ import annotations

CAUSES = {
    "waf_403": "The web application firewall answered 403: it took the generator for an attacker.",
    "throttled_429": "The API's own rate limit answered 429.",
    "throttled_503": "A part that was out of capacity answered 503.",
    "timeout": "No complete answer within the request's time limit, or before the run's drain ended.",
    "cut": "Under way when the run was ended at once: by a second Ctrl-C, or with the command that began it.",
    "connect": "No TCP connection came about.",
    "tls": "The TLS handshake failed.",
    "reset": "The connection broke before the answer was complete.",
    "protocol": "The answer broke HTTP's rules, or its headers were above 64 KiB.",
    "status": "The status code was none of those expected.",
    "body": "The body was over its limit, unlike its length, or not what had been stored.",
    "not_allowed": "The address is outside the stack's allowed hosts; nothing was sent.",
    "in_flight_cap": "Not sent: the stack was so slow that the plan's `in_flight_max` was full.",
    "lost": "Not sent: the generator process that it belonged to died.",
    "interrupted": "Not sent or cut: the run was interrupted.",
}

RUN_GLOSSARY = (
    (
        "Arrival, open arrivals",
        "Sessions arrive by a schedule drawn before the run, whatever the stack does. A slow stack therefore"
        " meets as many visitors as a fast one, as in life.",
    ),
    ("Session, flow", "A session is one visitor's requests in their order; a flow is a kind of session."),
    (
        "Intended time",
        "When a request was due: the first of a session at its arrival, a later one when the one before"
        " was done and the think time had passed.",
    ),
    (
        "Response time",
        "From the intended time to the last byte. A wait that the stack caused counts, even before sending.",
    ),
    (
        "Service time",
        "From the actual sending to the last byte. Where response time is far above it, requests queued.",
    ),
    ("Lag", "Actual sending minus intended time while a slot was free: the generator's own delay."),
    (
        "P50, P90, P95, P99",
        "The time that 50, 90, 95 or 99 % of the good requests took at most: the ceil(qn)-th smallest of n.",
    ),
    (
        "From histograms",
        "A run that does not store every request counts each in buckets of its time, a thousand and more to a"
        " doubling. Times are then the middle of a bucket, at most 0.1 % off; counts are exact.",
    ),
    (
        "95 % interval",
        "Where the true quantile or share lies, by binomial order statistics or Clopper and Pearson, at the"
        " effective n. A bound is n/a where the rank that it needs doesn't exist.",
    ),
    (
        "Effective n, worth",
        "Requests that wait in one queue are late together, so that n of them tell less than n independent"
        " ones. How much less is seen in how figures change between 20 blocks of the window; where slow"
        " requests are few, in how faster ones do.",
    ),
    (
        "n/a (84 of 299)",
        "There were 84 samples, and this quantile needs 299 before a 95 % bound of it exists; so no number.",
    ),
    (
        "Measured window",
        "From the end of the warm-up to the end of the last phase. A request belongs to it by its intended"
        " time, whenever it finished.",
    ),
    (
        "PASS, FAIL",
        "Every objective holds, or one is broken, at 95 % confidence, with failed and unsent requests counted"
        " as violations. Without objectives: FAIL where surely more than 1 % of the requests or sessions"
        " failed, else a PASS that says that nothing else was judged.",
    ),
    (
        "INCONCLUSIVE",
        "No objective is broken, but one needs more samples to be sure of, or the run ended before its time,"
        " or no request was due in its window.",
    ),
    (
        "INVALID",
        "The generator was at its own limits, or its lag or lost arrivals decide an objective, or a firewall"
        " was in its way: the clock measured that.",
    ),
    (
        "Hit ratio by request",
        "(hit + refresh hit) / (hit + refresh hit + miss + error), where the TTL is above 0.",
    ),
    ("Hit ratio by byte", "The same with the body bytes that each answer carried."),
    ("Refresh hit", "The edge asked the origin, which said that the stored copy is still good (304)."),
    (
        "Cold, warm",
        "Whether the edge's cache was empty or filled before the run. Runs of unlike states aren't compared.",
    ),
    (
        "Marginal cost",
        "Billable units that the requests caused, async work included, times first-tier list prices without"
        " a free tier, per 1,000 client HTTP requests of the window.",
    ),
    ("Loaded cost", "Marginal cost plus the architecture's fixed hours, spread over the measured rate."),
    (
        "Corrected",
        "What an estimate should say by the best evidence: this run, the architecture's templates, the"
        " scenario, or its own quantity, at dated prices, with a whole month's volume tiers and free units.",
    ),
    (
        "Official, secondary sources (assumed), unverified",
        "How sure a price is: the provider's own text or price list; secondary sources that agree; nobody's.",
    ),
    (
        "Counted, metered, estimated",
        "How a quantity came about: counted call by call, read from the provider's meter, or assumed.",
    ),
)

TRANSCODE_GLOSSARY = (
    (
        "Measured, emulated, imported, skipped",
        "A transcode on the named hardware itself; on this machine under a CPU quota and memory limit of that"
        " size; read from another machine's document; or not made, for the reason given.",
    ),
    (
        "Profile",
        "A task size or instance with its list price. Fargate has no GPU: GPU profiles are EC2 instances.",
    ),
    (
        "VMAF",
        "How close a rendition looks to its source, 0 to 100, as a model trained on viewers' ratings says"
        " (Netflix). 93 is commonly taken for where few see a difference. The harmonic mean over frames.",
    ),
    ("SSIM", "Structural similarity of two pictures, 0 to 1: an older and simpler measure than VMAF."),
    (
        "BD-rate",
        "Bjøntegaard's delta rate: the mean difference in bytes of two encoders at equal quality, over the"
        " quality that both reach. -20 % means a fifth fewer bytes for the same VMAF.",
    ),
    (
        "Pareto front",
        "The profiles that no other beats in both time and cost. Every sensible choice is one of them.",
    ),
    (
        "Break-even",
        "The jobs an hour from which a GPU instance, paid by the hour busy or idle, is cheaper than CPU tasks"
        " that are paid for as long as they work.",
    ),
    (
        "Egress",
        "Delivery of the rendition's bytes to its viewers: often far dearer than making it, so a slower"
        " preset with fewer bytes may be the cheaper one.",
    ),
    ("Unstable", "The rounds of a cell differ too much for its figures to be leant on."),
)

GLOSSARY = (*RUN_GLOSSARY, *TRANSCODE_GLOSSARY)
