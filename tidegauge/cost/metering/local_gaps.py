"""What AWS would bill for a run against the local stack, but nobody counts there, and why."""

from __future__ import annotations

from tidegauge.cost.usage import UnknownUsage

NOTES = (
    "the local edge speaks HTTP; its requests are priced as HTTPS, as CloudFront would serve them",
    "each API request is priced as one API Gateway HTTP API request, though none stands before the local API",
    "all requests are priced as if they came from the United States",
    "DynamoDB units follow the sizes of the items by its published rules, in a stand-in of DynamoDB",
    "polls of the queues that bring nothing are shared: no request caused them",
    "a consumer batch that holds both events and clicks is received and deleted for the events",
    "commands on Redis have no price of their own: its nodes are billed by the hour",
)

_REASONS = (
    ("cloudfront", "egress_byte", "response headers are not counted, only bodies"),
    ("cloudfront", "origin_shield_request", "the local edge has a single cache layer"),
    ("lambda_edge", "request", "the local edge itself does the work of the Lambda@Edge triggers"),
    ("lambda_edge", "gb_second", "the local edge itself does the work of the Lambda@Edge triggers"),
    ("waf", "request", "there is no WAF before the local edge"),
    ("alb", "lcu_hour", "there is no load balancer before the local API"),
    ("nat", "processed_byte", "local parts reach each other without a NAT gateway"),
    ("apigateway", "websocket_message", "messages on /ws are not counted"),
    ("apigateway", "connection_minute", "connections on /ws are not timed"),
    ("fargate", "vcpu_second", "the API's tasks run around the clock: a fixed cost, not one of a request"),
    ("elasticache", "node_hour", "cache nodes run around the clock: a fixed cost, not one of a request"),
    (
        "s3",
        "get_request",
        "an error of the edge is not counted as a fetch: it may not have reached the bucket",
    ),
    ("s3", "put_request", "parts of uploads that were never completed are not counted"),
    ("s3", "storage_byte_month", "what a run leaves behind is billed by the month for as long as it stays"),
    ("s3", "monitored_object_month", "Intelligent-Tiering bills objects by the month"),
    ("dynamodb", "storage_byte_month", "items are billed by the month for as long as they stay"),
    ("dynamodb", "stream_read", "nothing reads the local tables' streams"),
    ("eventbridge", "service_event", "the local API queues transcode jobs itself"),
    ("cloudwatch", "log_ingested_byte", "local logs go to files"),
    ("xray", "trace_recorded", "nothing is traced locally"),
    ("kms", "request", "local data are not encrypted by KMS"),
    ("secretsmanager", "api_call", "local secrets come from the environment"),
    ("route53", "query", "local names need no DNS"),
    ("ecr", "storage_byte_month", "local parts run from no container image"),
)

NOT_COUNTED = tuple(
    UnknownUsage(flow=None, service=service, unit=unit, reason=reason, blocking=False)
    for service, unit, reason in _REASONS
)
