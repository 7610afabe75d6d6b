"""The Serverless Application Model's types as the CloudFormation types that they become.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

PREFIX = "AWS::Serverless::"
Made = dict[str, dict[str, Any]]  # logical id -> resource

_NOT_OF_LAMBDA = """
    AssumeRolePolicyDocument AutoPublishAlias AutoPublishAliasAllProperties AutoPublishCodeSha256 CodeUri
    DeadLetterQueue DeploymentPreference EventInvokeConfig Events FunctionUrlConfig InlineCode ImageUri
    PermissionsBoundary Policies PropagateTags ProvisionedConcurrencyConfig RolePath SourceKMSKeyArn Tracing
    VersionDeletionPolicy VersionDescription
"""
_STAGE = {
    "AWS::ApiGateway::Stage": (
        "AccessLogSetting",
        "CacheClusterEnabled",
        "CacheClusterSize",
        "CanarySetting",
        "MethodSettings",
        "TracingEnabled",
    ),
    "AWS::ApiGatewayV2::Stage": ("AccessLogSettings", "DefaultRouteSettings", "RouteSettings"),
}
_EVENT_SOURCES = {
    "CloudWatchEvent": "AWS::Events::Rule",
    "CloudWatchLogs": "AWS::Logs::SubscriptionFilter",
    "DocumentDB": "AWS::Lambda::EventSourceMapping",
    "DynamoDB": "AWS::Lambda::EventSourceMapping",
    "EventBridgeRule": "AWS::Events::Rule",
    "IoTRule": "AWS::IoT::TopicRule",
    "Kinesis": "AWS::Lambda::EventSourceMapping",
    "MQ": "AWS::Lambda::EventSourceMapping",
    "MSK": "AWS::Lambda::EventSourceMapping",
    "Schedule": "AWS::Events::Rule",
    "ScheduleV2": "AWS::Scheduler::Schedule",
    "SelfManagedKafka": "AWS::Lambda::EventSourceMapping",
    "SNS": "AWS::SNS::Subscription",
    "SQS": "AWS::Lambda::EventSourceMapping",
}
_WITHOUT_RESOURCE = ("AlexaSkill", "Cognito", "S3")  # these settle in resources that stand elsewhere


def transformed(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """`template` with its AWS::Serverless types written out; any other template as it is."""
    resources = template["Resources"]
    if not any(_type(body).startswith(PREFIX) for body in resources.values()):
        return template
    made: Made = {}
    for name, body in resources.items():
        write_out = _WRITE_OUT.get(_type(body))
        if write_out is None:
            made[name] = body
            continue
        properties = _merged(_globals(template, _type(body)), _mapping(body.get("Properties")))
        for own, resource in write_out(str(name), properties).items():
            kept = {key: body[key] for key in ("Condition", "Metadata") if key in body}
            made.setdefault(own, {**kept, **resource} if own.startswith(str(name)) else resource)
    return {**template, "Resources": made}


def _function(name: str, properties: Mapping[str, Any]) -> Made:
    own = {key: value for key, value in properties.items() if key not in _NOT_OF_LAMBDA.split()}
    if "Tracing" in properties:
        own["TracingConfig"] = {"Mode": properties["Tracing"]}
    made = {name: _resource("AWS::Lambda::Function", own)}
    if "Role" not in properties:
        made[f"{name}Role"] = _resource("AWS::IAM::Role", {})
    provisioned = {key: properties[key] for key in ("ProvisionedConcurrencyConfig",) if key in properties}
    if "AutoPublishAlias" in properties or provisioned:
        made[f"{name}Version"] = _resource("AWS::Lambda::Version", {"FunctionName": {"Ref": name}})
        made[f"{name}Alias"] = _resource("AWS::Lambda::Alias", {"FunctionName": {"Ref": name}, **provisioned})
    if "FunctionUrlConfig" in properties:
        made[f"{name}Url"] = _resource("AWS::Lambda::Url", {})
    return {**made, **_events(name, properties)}


def _state_machine(name: str, properties: Mapping[str, Any]) -> Made:
    own = {"StateMachineType": properties.get("Type", "STANDARD")}
    made = {name: _resource("AWS::StepFunctions::StateMachine", own)}
    return {**made, **_events(name, properties)}


def _events(name: str, properties: Mapping[str, Any]) -> Made:
    """What the events of a function or state machine make; an API that is not named is shared by all."""
    made: Made = {}
    for event_name, event in _mapping(properties.get("Events")).items():
        event = _mapping(event)
        kind, settings = str(event.get("Type")), _mapping(event.get("Properties"))
        if kind == "Api":
            made |= {} if "RestApiId" in settings else _rest_api("ServerlessRestApi", {})
        elif kind == "HttpApi":
            made |= {} if "ApiId" in settings else _http_api("ServerlessHttpApi", {})
        elif kind in _EVENT_SOURCES:
            kept = ("ProvisionedPollerConfig", "EventBusName", "Enabled")
            own = {key: settings[key] for key in kept if key in settings}
            own |= {"Protocol": "lambda"} if kind == "SNS" else {}
            made[f"{name}{event_name}"] = _resource(_EVENT_SOURCES[kind], own)
        elif kind not in _WITHOUT_RESOURCE:
            made[f"{name}{event_name}"] = _resource(f"{PREFIX}Event::{kind}", {})
    return made


def _rest_api(name: str, properties: Mapping[str, Any]) -> Made:
    return _api(name, properties, "AWS::ApiGateway::RestApi", {}, "AWS::ApiGateway::Stage")


def _http_api(name: str, properties: Mapping[str, Any]) -> Made:
    own = {"ProtocolType": "HTTP"}
    return _api(name, properties, "AWS::ApiGatewayV2::Api", own, "AWS::ApiGatewayV2::Stage")


def _web_socket_api(name: str, properties: Mapping[str, Any]) -> Made:
    own = {"ProtocolType": "WEBSOCKET"}
    return _api(name, properties, "AWS::ApiGatewayV2::Api", own, "AWS::ApiGatewayV2::Stage")


def _api(name: str, properties: Mapping[str, Any], kind: str, own: dict[str, Any], stage: str) -> Made:
    made = {name: _resource(kind, own)}
    settings = {key: properties[key] for key in _STAGE[stage] if key in properties}
    made[f"{name}Stage"] = _resource(stage, settings)
    if "Domain" in properties:
        made[f"{name}Domain"] = _resource(f"{kind.rpartition('::')[0]}::DomainName", {})
    return made


def _simple_table(name: str, properties: Mapping[str, Any]) -> Made:
    mode = "PROVISIONED" if "ProvisionedThroughput" in properties else "PAY_PER_REQUEST"
    own = {key: value for key, value in properties.items() if key != "PrimaryKey"}
    return {name: _resource("AWS::DynamoDB::Table", {"BillingMode": mode, **own})}


def _application(name: str, properties: Mapping[str, Any]) -> Made:
    own = {"TemplateURL": properties.get("Location"), "Parameters": properties.get("Parameters", {})}
    return {name: _resource("AWS::CloudFormation::Stack", own)}


def _plain(kind: str) -> Callable[[str, Mapping[str, Any]], Made]:
    """A type that becomes one resource whose properties do not matter to its price."""
    return lambda name, _properties: {name: _resource(kind, {})}


def _resource(kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"Type": kind, "Properties": dict(properties)}


def _globals(template: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    return _mapping(_mapping(template.get("Globals")).get(kind.removeprefix(PREFIX)))


def _merged(general: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A resource's own values before those of Globals; mappings are merged."""
    found = {**general, **own}
    for key in general.keys() & own.keys():
        if isinstance(general[key], dict) and isinstance(own[key], dict) and not _is_call(own[key]):
            found[key] = _merged(general[key], own[key])
    return found


def _is_call(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _type(body: Any) -> str:
    return str(body.get("Type")) if isinstance(body, dict) else ""


_WRITE_OUT: dict[str, Callable[[str, Mapping[str, Any]], Made]] = {
    PREFIX + "Api": _rest_api,
    PREFIX + "Application": _application,
    PREFIX + "CapacityProvider": _plain("AWS::Lambda::CapacityProvider"),
    PREFIX + "Connector": _plain("AWS::IAM::ManagedPolicy"),
    PREFIX + "Function": _function,
    PREFIX + "GraphQLApi": _plain("AWS::AppSync::GraphQLApi"),
    PREFIX + "HttpApi": _http_api,
    PREFIX + "LayerVersion": _plain("AWS::Lambda::LayerVersion"),
    PREFIX + "SimpleTable": _simple_table,
    PREFIX + "StateMachine": _state_machine,
    PREFIX + "WebSocketApi": _web_socket_api,
}
