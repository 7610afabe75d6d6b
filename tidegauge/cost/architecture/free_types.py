"""CloudFormation resource types that cost nothing for being there, with the reason.

What is in no list has no known price. A free type may have properties that are billed: `billed_properties`.
"""

from __future__ import annotations

_NETWORK = "AWS does not charge for this part of a network"
_RULES = "a setting of another resource, which is billed itself"
_IDENTITY = "AWS does not charge for identities and permissions"
_STACK = "CloudFormation does not charge for it"
_SCALING = "scaling is free; what it scales is billed itself"
CUSTOM = "Custom::"
MACRO = "AWS::CloudFormation::Transform"  # no resource: a macro that a template names in its Transform

_FREE: dict[str, str] = {
    _NETWORK: """EC2::DHCPOptions EC2::EgressOnlyInternetGateway EC2::EIPAssociation
        EC2::GatewayRouteTableAssociation EC2::InstanceConnectEndpoint EC2::InternetGateway EC2::KeyPair
        EC2::NetworkAcl EC2::NetworkAclEntry EC2::NetworkInterface EC2::NetworkInterfaceAttachment
        EC2::NetworkInterfacePermission EC2::PlacementGroup EC2::PrefixList EC2::Route EC2::RouteTable
        EC2::SecurityGroup EC2::SecurityGroupEgress EC2::SecurityGroupIngress EC2::SecurityGroupVpcAssociation
        EC2::SubnetCidrReservation EC2::TransitGatewayRoute EC2::TransitGatewayRouteTable
        EC2::TransitGatewayRouteTableAssociation EC2::TransitGatewayRouteTablePropagation
        EC2::VPNConnectionRoute
        EC2::Subnet EC2::SubnetCidrBlock EC2::SubnetNetworkAclAssociation EC2::SubnetRouteTableAssociation
        EC2::VPC EC2::VPCBlockPublicAccessOptions EC2::VPCCidrBlock EC2::VPCDHCPOptionsAssociation
        EC2::VPCEndpointConnectionNotification EC2::VPCEndpointService EC2::VPCEndpointServicePermissions
        EC2::VPCGatewayAttachment EC2::VPCPeeringConnection EC2::VPNGateway EC2::CustomerGateway
        EC2::VPNGatewayRoutePropagation EC2::VolumeAttachment ApiGateway::VpcLink ApiGatewayV2::VpcLink
        CloudFront::VpcOrigin""",
    _RULES: """ApiGateway::Account ApiGateway::ApiKey ApiGateway::Authorizer ApiGateway::BasePathMapping
        ApiGateway::BasePathMappingV2 ApiGateway::ClientCertificate ApiGateway::Deployment
        ApiGateway::DocumentationPart ApiGateway::DocumentationVersion ApiGateway::DomainName
        ApiGateway::DomainNameV2 ApiGateway::GatewayResponse ApiGateway::Method ApiGateway::Model
        ApiGateway::RequestValidator ApiGateway::Resource ApiGateway::Stage ApiGateway::UsagePlan
        ApiGateway::UsagePlanKey ApiGatewayV2::ApiMapping ApiGatewayV2::Authorizer ApiGatewayV2::Deployment
        ApiGatewayV2::DomainName ApiGatewayV2::Integration ApiGatewayV2::IntegrationResponse
        ApiGatewayV2::Model ApiGatewayV2::Route ApiGatewayV2::RouteResponse ApiGatewayV2::RoutingRule
        ApiGatewayV2::Stage AutoScaling::LaunchConfiguration AutoScaling::LifecycleHook
        CertificateManager::Account CertificateManager::Certificate CloudFront::CachePolicy
        CloudFront::CloudFrontOriginAccessIdentity CloudFront::ContinuousDeploymentPolicy
        CloudFront::FieldLevelEncryptionConfig CloudFront::FieldLevelEncryptionProfile
        CloudFront::KeyValueStore
        CloudFront::RealtimeLogConfig Cognito::UserPoolUICustomizationAttachment
        Cognito::UserPoolUserToGroupAttachment Events::Connection Route53::CidrCollection Route53::DNSSEC
        Route53::DelegationSet Route53::KeySigningKey S3::AccessPoint SSM::Association SSM::Document
        SSM::MaintenanceWindow SSM::MaintenanceWindowTarget SSM::MaintenanceWindowTask SSM::PatchBaseline
        CloudFront::KeyGroup CloudFront::OriginAccessControl CloudFront::OriginRequestPolicy
        CloudFront::PublicKey CloudFront::ResponseHeadersPolicy Cognito::IdentityPool
        Cognito::IdentityPoolRoleAttachment Cognito::UserPoolClient Cognito::UserPoolDomain
        Cognito::UserPoolGroup Cognito::UserPoolIdentityProvider Cognito::UserPoolResourceServer
        EC2::LaunchTemplate ECR::PullThroughCacheRule
        ECR::RegistryPolicy ECR::RepositoryCreationTemplate ECS::CapacityProvider ECS::Cluster
        ECS::ClusterCapacityProviderAssociations ECS::PrimaryTaskSet ECS::TaskDefinition
        ElastiCache::ParameterGroup ElastiCache::SubnetGroup ElastiCache::User ElastiCache::UserGroup
        ElasticLoadBalancingV2::Listener ElasticLoadBalancingV2::ListenerCertificate
        ElasticLoadBalancingV2::ListenerRule ElasticLoadBalancingV2::TargetGroup
        ElasticLoadBalancingV2::TrustStoreRevocation Events::EventBusPolicy Events::Rule KMS::Alias
        Lambda::Alias Lambda::CodeSigningConfig Lambda::EventInvokeConfig Lambda::EventSourceMapping
        Lambda::LayerVersion Lambda::LayerVersionPermission Lambda::Permission Lambda::Url Lambda::Version
        Logs::Destination Logs::LogStream Logs::MetricFilter Logs::QueryDefinition Logs::ResourcePolicy
        Logs::SubscriptionFilter RDS::DBParameterGroup RDS::DBSubnetGroup RDS::OptionGroup
        ResourceGroups::Group Route53::RecordSet Route53::RecordSetGroup S3::BucketPolicy
        SNS::Subscription SNS::TopicInlinePolicy SNS::TopicPolicy SQS::QueueInlinePolicy SQS::QueuePolicy
        SecretsManager::ResourcePolicy SecretsManager::RotationSchedule SecretsManager::SecretTargetAttachment
        ServiceDiscovery::Service WAFv2::IPSet WAFv2::RegexPatternSet WAFv2::WebACLAssociation XRay::Group
        XRay::ResourcePolicy XRay::SamplingRule""",
    _IDENTITY: """IAM::AccessKey IAM::Group IAM::GroupPolicy IAM::InstanceProfile IAM::ManagedPolicy
        IAM::OIDCProvider IAM::Policy IAM::Role IAM::RolePolicy IAM::SAMLProvider IAM::ServerCertificate
        IAM::ServiceLinkedRole IAM::User IAM::UserPolicy IAM::UserToGroupAddition IAM::VirtualMFADevice""",
    _STACK: """CDK::Metadata CloudFormation::CustomResource CloudFormation::Macro
        CloudFormation::WaitCondition CloudFormation::WaitConditionHandle""",
    _SCALING: "ApplicationAutoScaling::ScalableTarget AutoScaling::ScheduledAction",
}
_WHY = {f"AWS::{name}": reason for reason, names in _FREE.items() for name in names.split()}

# Known to be billed, and in no price book yet; any other type is told apart only by having no known price.
UNPRICED_TYPES = {
    MACRO: "what this macro makes of the template is known at deployment only",
    "AWS::CloudWatch::CompositeAlarm": "a composite alarm has a price of its own, which the price book lacks",
    "AWS::EC2::FlowLog": "logs that AWS delivers are billed by their bytes, at prices of their own",
    "AWS::EC2::Volume": "EBS volumes are billed by size and throughput; the price book has none",
    "AWS::WAFv2::LoggingConfiguration": "logs that AWS delivers are billed by their bytes",
    "AWS::CloudFormation::StackSet": "what its stacks hold is known at deployment only",
    "unknown": "it is no resource, or a loop whose collection is known at deployment only",
}


def why_free(resource_type: str) -> str:
    """Why AWS does not bill that type; empty where it does, or nobody knows."""
    if resource_type.startswith(CUSTOM):
        return f"{_STACK}; the calls of its function are usage"
    return _WHY.get(resource_type, "")
