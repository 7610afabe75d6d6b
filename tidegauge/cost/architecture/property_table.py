"""Property by property: what AWS bills on its resource types, by hand after its price model (M).

`BILLED` holds what has no price here. What else a billed type has, free or priced by a rule, is in
`known_properties`; a property in neither is named as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A property that is billed, at any value but the harmless ones."""

    path: str  # dotted; lists on the way are walked through
    harmless: tuple[str, ...] = ()  # in small letters; a property that is not set, or empty, is harmless too
    reason: str


def _billed(path: str, reason: str, *harmless: str) -> Billed:
    return Billed(path=path, reason=reason, harmless=harmless)


_OFF = ("false", "disabled", "none")
_EBS = "EBS volumes are billed by their size and throughput, and the price book has none"
_CREDITS = "unlimited credits are billed above the baseline"
_INSIGHTS = "contributor insights are billed by event"
_REALTIME = "real-time logs are billed by line"
_LOGS = "logs that AWS delivers are billed by their bytes"
_MONITORING = "detailed monitoring is billed as custom metrics"
_PROVISIONED = "provisioned concurrency is billed by the hour, used or not"

BILLED: dict[str, tuple[Billed, ...]] = {
    "AWS::ApiGateway::Stage": (
        _billed("CacheClusterEnabled", "its cache is billed by the hour", *_OFF),
        _billed("MethodSettings.MetricsEnabled", "detailed metrics are billed as custom metrics", *_OFF),
        _billed("TracingEnabled", "each trace is billed", *_OFF),
    ),
    "AWS::ApiGatewayV2::Stage": (
        _billed("DefaultRouteSettings.DetailedMetricsEnabled", "detailed metrics are custom metrics", *_OFF),
        _billed("RouteSettings", "settings of routes may switch billed metrics and logs on"),
    ),
    "AWS::AutoScaling::AutoScalingGroup": (
        _billed("MixedInstancesPolicy.InstancesDistribution", "Spot prices change from hour to hour"),
    ),
    "AWS::CertificateManager::Certificate": (
        _billed("CertificateAuthorityArn", "a certificate of a private authority is billed"),
        _billed("CertificateExport", "an exportable certificate is billed by name", *_OFF),
    ),
    "AWS::CloudFront::Distribution": (
        _billed(
            "DistributionConfig.ViewerCertificate.SslSupportMethod",
            "dedicated addresses (vip) are billed by the month, far above all else",
            "sni-only",
        ),
        _billed(
            "DistributionConfig.DefaultCacheBehavior.RealtimeLogConfigArn",
            _REALTIME,
        ),
        _billed("DistributionConfig.CacheBehaviors.RealtimeLogConfigArn", _REALTIME),
        _billed(
            "DistributionConfig.DefaultCacheBehavior.FieldLevelEncryptionId",
            "field-level encryption is billed by request",
        ),
        _billed(
            "DistributionConfig.CacheBehaviors.FieldLevelEncryptionId",
            "field-level encryption is billed by request",
        ),
        _billed("DistributionConfig.AnycastIpListId", "anycast addresses are billed by the month"),
    ),
    "AWS::DynamoDB::GlobalTable": (
        _billed("GlobalTableWitnesses", "a witness is billed in its region"),
        _billed("TableType", "what another kind of table is billed for is not known"),
        _billed("VectorIndexes", "vector indexes are billed by themselves"),
    ),
    "AWS::DynamoDB::Table": (
        _billed("TableClass", "the price book has no prices of this table class", "standard"),
        _billed("ContributorInsightsSpecification.Enabled", _INSIGHTS, *_OFF),
        _billed("ImportSourceSpecification", "an import is billed by its bytes"),
        _billed("KinesisStreamSpecification", "each change in the stream is billed"),
        _billed("VectorIndexes", "vector indexes are billed by themselves"),
        _billed("GlobalSecondaryIndexes.ContributorInsightsSpecification.Enabled", _INSIGHTS, *_OFF),
        _billed("WarmThroughput", "raising warm throughput is billed once"),
    ),
    "AWS::EC2::EIP": (
        _billed("NetworkBorderGroup", "addresses outside of a region's own zones have other prices"),
    ),
    "AWS::EC2::Instance": (
        _billed("CreditSpecification.CPUCredits", _CREDITS, "standard"),
        _billed("ElasticGpuSpecifications", "elastic graphics are billed by the hour"),
        _billed("ElasticInferenceAccelerators", "accelerators are billed by the hour"),
        _billed("LicenseSpecifications", "licences are billed by their vendor"),
        _billed("Monitoring", _MONITORING, *_OFF),
        _billed("Tenancy", "dedicated tenancy has other prices", "default"),
        _billed("HostId", "a dedicated host is billed by itself"),
        _billed("HostResourceGroupArn", "a dedicated host is billed by itself"),
    ),
    "AWS::EC2::NatGateway": (
        _billed("AvailabilityMode", "a regional NAT gateway is billed in each of its zones", "zonal"),
    ),
    "AWS::EC2::VPCEndpoint": (
        _billed("ServiceRegion", "an endpoint into another region is billed for what crosses it"),
        _billed("ResourceConfigurationArn", "resource endpoints have prices of their own"),
        _billed("ServiceNetworkArn", "service-network endpoints have prices of their own"),
    ),
    "AWS::ECS::CapacityProvider": (
        _billed("ManagedInstancesProvider", "managed instances are billed by the hour, with a fee"),
    ),
    "AWS::ECS::Cluster": (
        _billed("ClusterSettings.Value", "Container Insights are billed as custom metrics", *_OFF),
        _billed("Configuration.ExecuteCommandConfiguration.LogConfiguration", _LOGS),
    ),
    "AWS::ECS::Service": (
        _billed("VolumeConfigurations", _EBS),
        _billed("VpcLatticeConfigurations", "VPC Lattice is billed by the hour and by request"),
        _billed("Monitoring", "metrics at high resolution are billed"),
        _billed("GatewayConnectors", "whether a gateway connector is billed is not known"),
    ),
    "AWS::ElastiCache::CacheCluster": (
        _billed("SnapshotRetentionLimit", "snapshots beyond the free one are billed by their size", "0", "1"),
        _billed("LogDeliveryConfigurations", _LOGS),
    ),
    "AWS::ElastiCache::ReplicationGroup": (
        _billed("GlobalReplicationGroupId", "replication to another region is billed by its bytes"),
        _billed("LogDeliveryConfigurations", _LOGS),
        _billed("DataTieringEnabled", "data tiering has node types of its own", *_OFF),
        _billed("Durability", "what durability costs is not known"),
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        _billed("MinimumLoadBalancerCapacity", "reserved capacity is billed as LCUs by the hour"),
    ),
    "AWS::Events::EventBus": (_billed("LogConfig", _LOGS),),
    "AWS::Events::Rule": (
        _billed("Targets.EcsParameters", "the tasks that it starts are billed by the second"),
        _billed("Targets.HttpParameters", "calls of an API destination are billed"),
    ),
    "AWS::KMS::Key": (
        _billed("KeySpec", "requests with such a key have other prices", "symmetric_default"),
        _billed("EnableKeyRotation", "each of the first two rotations adds a key's price for good", *_OFF),
    ),
    "AWS::Lambda::Alias": (_billed("ProvisionedConcurrencyConfig", _PROVISIONED),),
    "AWS::Lambda::EventSourceMapping": (
        _billed("ProvisionedPollerConfig", "provisioned pollers are billed by the hour"),
        _billed("MetricsConfig", "metrics of the mapping are billed as custom metrics"),
    ),
    "AWS::Lambda::Function": (
        _billed("EphemeralStorage.Size", "scratch space above 512 MB is billed by the second", "512"),
        _billed("SnapStart.ApplyOn", "SnapStart is billed for some runtimes", "none"),
        _billed("CapacityProviderConfig", "managed instances are billed by the hour"),
        _billed("DurableConfig", "durable operations are billed by their number"),
        _billed("TenancyConfig", "isolation by tenant is billed"),
        _billed("FunctionScalingConfig", "environments that are kept are billed"),
    ),
    "AWS::Lambda::Version": (
        _billed("ProvisionedConcurrencyConfig", _PROVISIONED),
        _billed("FunctionScalingConfig", "environments that are kept are billed"),
    ),
    "AWS::Logs::MetricFilter": (
        _billed("EmitSystemFieldDimensions", "each value of a dimension is a custom metric of its own"),
    ),
    "AWS::Logs::LogGroup": (
        _billed(
            "LogGroupClass", "the price book has no prices of this log class", "standard", "infrequent_access"
        ),
        _billed("DataProtectionPolicy", "masking is billed by the bytes it looks through"),
    ),
    "AWS::Route53::HostedZone": (
        _billed("QueryLoggingConfig", "query logs are billed by their bytes"),
        _billed("HostedZoneFeatures", "accelerated recovery is billed"),
    ),
    "AWS::Route53::RecordSet": (
        _billed("GeoLocation", "answers by place have a price of their own"),
        _billed("GeoProximityLocation", "answers by place have a price of their own"),
        _billed("CidrRoutingConfig", "answers by address have a price of their own"),
    ),
    "AWS::Route53::RecordSetGroup": (
        _billed("RecordSets.GeoLocation", "answers by place have a price of their own"),
        _billed("RecordSets.GeoProximityLocation", "answers by place have a price of their own"),
        _billed("RecordSets.CidrRoutingConfig", "answers by address have a price of their own"),
    ),
    "AWS::S3::Bucket": (
        _billed("AccelerateConfiguration.AccelerationStatus", "accelerated bytes are billed", "suspended"),
        _billed("AnalyticsConfigurations", "storage class analysis is billed by object"),
        _billed("InventoryConfigurations", "inventories are billed by object listed"),
        _billed("MetricsConfigurations", "request metrics are billed as custom metrics"),
        _billed(
            "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled",
            "events of a bucket are billed as custom events",
            *_OFF,
        ),
        _billed("LifecycleConfiguration.Rules.NoncurrentVersionTransitions", "transitions of old versions"),
        _billed("LifecycleConfiguration.Rules.NoncurrentVersionTransition", "transitions of old versions"),
    ),
    "AWS::SNS::Subscription": (
        _billed(
            "Protocol", "deliveries by this protocol are billed", "sqs", "lambda", "firehose", "application"
        ),
        _billed("ReplayPolicy", "replayed messages are billed"),
    ),
    "AWS::SNS::Topic": (
        _billed("ArchivePolicy", "archived messages are billed by their bytes"),
        _billed("DataProtectionPolicy", "data protection is billed by bytes"),
        _billed("DeliveryStatusLogging", _LOGS),
        _billed("Subscription.Protocol", "deliveries by this protocol are billed", "sqs", "lambda"),
    ),
    "AWS::WAFv2::WebACL": (
        _billed("AssociationConfig", "larger bodies to inspect are billed by request"),
        _billed("DataProtectionConfig", "what data protection costs is not known"),
        _billed("MonetizationConfig", "what monetization costs is not known"),
        _billed("OnSourceDDoSProtectionConfig", "what DDoS protection costs is not known"),
        _billed("ApplicationConfig", "what it costs is not known"),
    ),
    "AWS::SecretsManager::RotationSchedule": (
        _billed("HostedRotationLambda", "the function that it makes is billed by its calls"),
    ),
    "AWS::XRay::Group": (
        _billed("InsightsConfiguration.InsightsEnabled", "insights are billed by the traces stored", *_OFF),
    ),
}
