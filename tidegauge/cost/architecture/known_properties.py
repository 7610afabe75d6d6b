"""The properties of billed types that are free, priced by a rule, or told apart in `property_table.BILLED`.

Names of the resource specification, read through by hand; what CloudFormation adds later is named as unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAMES: dict[str, dict[str, str]] = {
    "AWS::ApiGateway::RestApi": {
        "": """
            ApiKeySourceType BinaryMediaTypes Body BodyS3Location CloneFrom Description
            DisableExecuteApiEndpoint EndpointAccessMode EndpointConfiguration FailOnWarnings
            MinimumCompressionSize Mode Name Parameters Policy SecurityPolicy Tags Version
        """,
    },
    "AWS::ApiGatewayV2::Api": {
        "": """
            ApiKeySelectionExpression BasePath Body BodyS3Location CorsConfiguration CredentialsArn
            Description DisableExecuteApiEndpoint DisableSchemaValidation FailOnWarnings IpAddressType
            Name ProtocolType RouteKey RouteSelectionExpression Tags Target Version
        """,
    },
    "AWS::ApplicationAutoScaling::ScalingPolicy": {
        "": """
            PolicyName PolicyType PredictiveScalingPolicyConfiguration ResourceId ScalableDimension
            ScalingTargetId ServiceNamespace StepScalingPolicyConfiguration
            TargetTrackingScalingPolicyConfiguration
        """,
    },
    "AWS::AutoScaling::AutoScalingGroup": {
        "": """
            AutoScalingGroupName AvailabilityZoneDistribution AvailabilityZoneIds
            AvailabilityZoneImpairmentPolicy AvailabilityZones CapacityRebalance
            CapacityReservationSpecification Context Cooldown DefaultInstanceWarmup DeletionProtection
            DesiredCapacity DesiredCapacityType HealthCheckGracePeriod HealthCheckType InstanceId
            InstanceLifecyclePolicy InstanceMaintenancePolicy LaunchConfigurationName LaunchTemplate
            LifecycleHookSpecificationList LoadBalancerNames MaxInstanceLifetime MaxSize
            MetricsCollection MinSize MixedInstancesPolicy NewInstancesProtectedFromScaleIn
            NotificationConfiguration NotificationConfigurations PlacementGroup ServiceLinkedRoleARN
            SkipZonalShiftValidation Tags TargetGroupARNs TerminationPolicies TrafficSources
            VPCZoneIdentifier
        """,
    },
    "AWS::AutoScaling::ScalingPolicy": {
        "": """
            AdjustmentType AutoScalingGroupName Cooldown EstimatedInstanceWarmup MetricAggregationType
            MinAdjustmentMagnitude PolicyType PredictiveScalingConfiguration ScalingAdjustment
            StepAdjustments TargetTrackingConfiguration
        """,
    },
    "AWS::CloudFront::Distribution": {
        "": "DistributionConfig Tags",
        "DistributionConfig": """
            Aliases AnycastIpListId CNAMEs CacheBehaviors CacheTagConfig Comment
            ConnectionFunctionAssociation ConnectionMode ContinuousDeploymentPolicyId
            CustomErrorResponses CustomOrigin DefaultCacheBehavior DefaultRootObject Enabled HttpVersion
            IPV6Enabled Logging OriginGroups Origins PriceClass Restrictions S3Origin Staging
            TenantConfig ViewerCertificate ViewerMtlsConfig WebACLId
        """,
        "DistributionConfig.DefaultCacheBehavior": """
            AllowedMethods CachePolicyId CachedMethods Compress DefaultTTL FieldLevelEncryptionId
            ForwardedValues FunctionAssociations GrpcConfig LambdaFunctionAssociations MaxTTL MinTTL
            OriginRequestPolicyId RealtimeLogConfigArn ResponseHeadersPolicyId SmoothStreaming
            TargetOriginId TrustedKeyGroups TrustedSigners ViewerProtocolPolicy
        """,
        "DistributionConfig.CacheBehaviors": """
            AllowedMethods CachePolicyId CachedMethods Compress DefaultTTL FieldLevelEncryptionId
            ForwardedValues FunctionAssociations GrpcConfig LambdaFunctionAssociations MaxTTL MinTTL
            OriginRequestPolicyId PathPattern RealtimeLogConfigArn ResponseHeadersPolicyId
            SmoothStreaming TargetOriginId TrustedKeyGroups TrustedSigners ViewerProtocolPolicy
        """,
    },
    "AWS::CloudFront::Function": {
        "": "AutoPublish FunctionCode FunctionConfig FunctionMetadata Name Tags",
    },
    "AWS::CloudFront::MonitoringSubscription": {
        "": "DistributionId MonitoringSubscription",
    },
    "AWS::CloudWatch::Alarm": {
        "": """
            ActionConfiguration ActionsEnabled AlarmActions AlarmDescription AlarmName
            ComparisonOperator DatapointsToAlarm Dimensions EvaluateLowSampleCountPercentile
            EvaluationPeriods ExtendedStatistic InsufficientDataActions MetricName Metrics Namespace
            OKActions Period Statistic Tags Threshold ThresholdMetricId TreatMissingData Unit
        """,
    },
    "AWS::CloudWatch::Dashboard": {
        "": "DashboardBody DashboardName Tags",
    },
    "AWS::DynamoDB::GlobalTable": {
        "": """
            AttributeDefinitions BillingMode GlobalSecondaryIndexes GlobalTableSourceArn
            GlobalTableWitnesses KeySchema LocalSecondaryIndexes MultiRegionConsistency
            ReadOnDemandThroughputSettings ReadProvisionedThroughputSettings Replicas SSESpecification
            StreamSpecification TableName TableType TimeToLiveSpecification VectorIndexes WarmThroughput
            WriteOnDemandThroughputSettings WriteProvisionedThroughputSettings
        """,
    },
    "AWS::DynamoDB::Table": {
        "": """
            AttributeDefinitions BillingMode ContributorInsightsSpecification DeletionProtectionEnabled
            GlobalSecondaryIndexes ImportSourceSpecification KeySchema KinesisStreamSpecification
            LocalSecondaryIndexes OnDemandThroughput PointInTimeRecoverySpecification
            ProvisionedThroughput ResourcePolicy SSESpecification StreamSpecification TableClass
            TableName Tags TimeToLiveSpecification VectorIndexes WarmThroughput
        """,
    },
    "AWS::EC2::EIP": {
        "": "Address Domain InstanceId IpamPoolId NetworkBorderGroup PublicIpv4Pool Tags TransferAddress",
    },
    "AWS::EC2::Instance": {
        "": """
            AdditionalInfo Affinity AvailabilityZone BlockDeviceMappings CpuOptions CreditSpecification
            DisableApiTermination EbsOptimized ElasticGpuSpecifications ElasticInferenceAccelerators
            EnclaveOptions HibernationOptions HostId HostResourceGroupArn IamInstanceProfile ImageId
            InstanceInitiatedShutdownBehavior InstanceType Ipv6AddressCount Ipv6Addresses KernelId
            KeyName LaunchTemplate LicenseSpecifications MetadataOptions Monitoring NetworkInterfaces
            PlacementGroupName PrivateDnsNameOptions PrivateIpAddress PropagateTagsToVolumeOnCreation
            RamdiskId SecurityGroupIds SecurityGroups SourceDestCheck SsmAssociations SubnetId Tags
            Tenancy UserData Volumes
        """,
    },
    "AWS::EC2::NatGateway": {
        "": """
            AllocationId AvailabilityMode AvailabilityZoneAddresses ConnectivityType
            MaxDrainDurationSeconds PrivateIpAddress SecondaryAllocationIds
            SecondaryPrivateIpAddressCount SecondaryPrivateIpAddresses SubnetId Tags VpcId
        """,
    },
    "AWS::EC2::VPCEndpoint": {
        "": """
            DnsOptions IpAddressType PolicyDocument PrivateDnsEnabled ResourceConfigurationArn
            RouteTableIds SecurityGroupIds ServiceName ServiceNetworkArn ServiceRegion SubnetIds Tags
            VpcEndpointType VpcId
        """,
    },
    "AWS::ECR::Repository": {
        "": """
            EmptyOnDelete EncryptionConfiguration ImageScanningConfiguration ImageTagMutability
            ImageTagMutabilityExclusionFilters LifecyclePolicy RepositoryName RepositoryPolicyText Tags
        """,
    },
    "AWS::ECS::Service": {
        "": """
            AvailabilityZoneRebalancing CapacityProviderStrategy Cluster DeploymentConfiguration
            DeploymentController DesiredCount EnableECSManagedTags EnableExecuteCommand
            ForceNewDeployment GatewayConnectors HealthCheckGracePeriodSeconds LaunchType LoadBalancers
            Monitoring NetworkConfiguration PlacementConstraints PlacementStrategies PlatformVersion
            PropagateTags Role SchedulingStrategy ServiceConnectConfiguration ServiceName
            ServiceRegistries Tags TaskDefinition VolumeConfigurations VpcLatticeConfigurations
        """,
    },
    "AWS::ECS::TaskDefinition": {
        "": """
            ContainerDefinitions Cpu EnableFaultInjection EphemeralStorage ExecutionRoleArn Family
            InferenceAccelerators IpcMode Memory NetworkMode PidMode PlacementConstraints
            ProxyConfiguration RequiresCompatibilities RuntimePlatform Tags TaskRoleArn Volumes
        """,
    },
    "AWS::ElastiCache::CacheCluster": {
        "": """
            AZMode AutoMinorVersionUpgrade CacheNodeType CacheParameterGroupName CacheSecurityGroupNames
            CacheSubnetGroupName ClusterName Engine EngineVersion IpDiscovery LogDeliveryConfigurations
            NetworkType NotificationTopicArn NumCacheNodes Port PreferredAvailabilityZone
            PreferredAvailabilityZones PreferredMaintenanceWindow SnapshotArns SnapshotName
            SnapshotRetentionLimit SnapshotWindow Tags TransitEncryptionEnabled VpcSecurityGroupIds
        """,
    },
    "AWS::ElastiCache::ReplicationGroup": {
        "": """
            AtRestEncryptionEnabled AuthToken AutoMinorVersionUpgrade AutomaticFailoverEnabled
            CacheNodeType CacheParameterGroupName CacheSecurityGroupNames CacheSubnetGroupName
            ClusterMode DataTieringEnabled Durability Engine EngineVersion GlobalReplicationGroupId
            IpDiscovery KmsKeyId LogDeliveryConfigurations MultiAZEnabled NetworkType
            NodeGroupConfiguration NotificationTopicArn NumCacheClusters NumNodeGroups Port
            PreferredCacheClusterAZs PreferredMaintenanceWindow PrimaryClusterId ReplicasPerNodeGroup
            ReplicationGroupDescription ReplicationGroupId SecurityGroupIds SnapshotArns SnapshotName
            SnapshotRetentionLimit SnapshotWindow SnapshottingClusterId Tags TransitEncryptionEnabled
            TransitEncryptionMode UserGroupIds
        """,
    },
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {
        "": """
            EnableCapacityReservationProvisionStabilize EnablePrefixForIpv6SourceNat
            EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic IpAddressType Ipv4IpamPoolId
            LoadBalancerAttributes MinimumLoadBalancerCapacity Name Scheme SecurityGroups SubnetMappings
            Subnets Tags Type
        """,
    },
    "AWS::Events::EventBus": {
        "": "DeadLetterConfig Description EventSourceName KmsKeyIdentifier LogConfig Name Policy Tags",
    },
    "AWS::KMS::Key": {
        "": """
            BypassPolicyLockoutSafetyCheck Description EnableKeyRotation Enabled KeyPolicy KeySpec
            KeyUsage MultiRegion Origin PendingWindowInDays RotationPeriodInDays Tags
        """,
    },
    "AWS::KMS::ReplicaKey": {
        "": "Description Enabled KeyPolicy PendingWindowInDays PrimaryKeyArn Tags",
    },
    "AWS::Lambda::Function": {
        "": """
            Architectures CapacityProviderConfig Code CodeSigningConfigArn DeadLetterConfig Description
            DurableConfig Environment EphemeralStorage FileSystemConfigs FunctionName
            FunctionScalingConfig Handler ImageConfig KmsKeyArn Layers LoggingConfig MemorySize
            PackageType PublishToLatestPublished RecursiveLoop ReservedConcurrentExecutions Role Runtime
            RuntimeManagementConfig SnapStart Tags TenancyConfig Timeout TracingConfig VpcConfig
        """,
    },
    "AWS::Logs::LogGroup": {
        "": """
            BearerTokenAuthenticationEnabled DataProtectionPolicy DeletionProtectionEnabled
            FieldIndexPolicies KmsKeyId LogGroupClass LogGroupName ResourcePolicyDocument
            RetentionInDays Tags
        """,
    },
    "AWS::Logs::MetricFilter": {
        "": """
            ApplyOnTransformedLogs EmitSystemFieldDimensions FieldSelectionCriteria FilterName
            FilterPattern LogGroupName MetricTransformations
        """,
    },
    "AWS::Route53::HostedZone": {
        "": """
            DelegationSetId HostedZoneConfig HostedZoneFeatures HostedZoneTags Name QueryLoggingConfig
            VPCs
        """,
    },
    "AWS::S3::Bucket": {
        "": """
            AbacStatus AccelerateConfiguration AccessControl AnalyticsConfigurations BucketEncryption
            BucketName BucketNamePrefix BucketNamespace CorsConfiguration
            IntelligentTieringConfigurations InventoryConfigurations LifecycleConfiguration
            LoggingConfiguration MetadataConfiguration MetadataTableConfiguration MetricsConfigurations
            NotificationConfiguration ObjectLockConfiguration ObjectLockEnabled OwnershipControls
            PublicAccessBlockConfiguration ReplicationConfiguration Tags VersioningConfiguration
            WebsiteConfiguration
        """,
    },
    "AWS::SNS::Topic": {
        "": """
            ArchivePolicy ContentBasedDeduplication DataProtectionPolicy DeliveryStatusLogging
            DisplayName FifoThroughputScope FifoTopic KmsMasterKeyId MaximumMessageSize SignatureVersion
            Subscription Tags TopicName TracingConfig
        """,
    },
    "AWS::SQS::Queue": {
        "": """
            ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit
            KmsDataKeyReusePeriodSeconds KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod
            QueueName ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy
            SqsManagedSseEnabled Tags VisibilityTimeout
        """,
    },
    "AWS::SSM::Parameter": {
        "": "AllowedPattern DataType Description Name Policies Tags Tier Type Value",
    },
    "AWS::SecretsManager::Secret": {
        "": "Description GenerateSecretString KmsKeyId Name ReplicaRegions SecretString Tags Type",
    },
    "AWS::ServiceDiscovery::PrivateDnsNamespace": {
        "": "Description Name Properties Tags Vpc",
    },
    "AWS::ServiceDiscovery::PublicDnsNamespace": {
        "": "Description Name Properties Tags",
    },
    "AWS::StepFunctions::StateMachine": {
        "": """
            Definition DefinitionS3Location DefinitionString DefinitionSubstitutions
            EncryptionConfiguration LoggingConfiguration RoleArn StateMachineName StateMachineType Tags
            TracingConfiguration
        """,
    },
    "AWS::WAFv2::WebACL": {
        "": """
            ApplicationConfig AssociationConfig CaptchaConfig ChallengeConfig CustomResponseBodies
            DataProtectionConfig DefaultAction Description MonetizationConfig Name
            OnSourceDDoSProtectionConfig Rules Scope Tags TokenDomains VisibilityConfig
        """,
    },
}

# {type: {path of a mapping in its properties, empty for all of them: the names that are known there}}
KNOWN: Mapping[str, Mapping[str, frozenset[str]]] = {
    kind: {path: frozenset(names.split()) for path, names in paths.items()} for kind, paths in _NAMES.items()
}
