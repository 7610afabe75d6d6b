"""Runs container commands as ECS tasks and brings back the document that each leaves in S3."""
