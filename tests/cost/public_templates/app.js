// What cdk.out was synthesised from: npm install aws-cdk-lib constructs; node app.js
const cdk = require("aws-cdk-lib");
const patterns = require("aws-cdk-lib/aws-ecs-patterns");
const origins = require("aws-cdk-lib/aws-cloudfront-origins");
const { aws_cloudfront, aws_dynamodb, aws_ec2, aws_ecs, aws_lambda, aws_s3, aws_sqs } = cdk;

class Child extends cdk.NestedStack {
  constructor(scope, id) {
    super(scope, id);
    new aws_sqs.Queue(this, "Q");
    new aws_dynamodb.TableV2(this, "T", {
      partitionKey: { name: "p", type: aws_dynamodb.AttributeType.STRING },
      replicas: [{ region: "us-west-2" }],
    });
  }
}

class Web extends cdk.Stack {
  constructor(scope, id, properties) {
    super(scope, id, properties);
    const vpc = new aws_ec2.Vpc(this, "Vpc", { maxAzs: 2 });
    const service = new patterns.ApplicationLoadBalancedFargateService(this, "Svc", {
      vpc,
      cpu: 512,
      memoryLimitMiB: 1024,
      desiredCount: 2,
      taskImageOptions: { image: aws_ecs.ContainerImage.fromRegistry("nginx") },
    }).service;
    const scaling = service.autoScaleTaskCount({ minCapacity: 2, maxCapacity: 8 });
    scaling.scaleOnCpuUtilization("c", { targetUtilizationPercent: 60 });
    const fn = new aws_lambda.Function(this, "Fn", {
      runtime: aws_lambda.Runtime.NODEJS_20_X,
      handler: "index.h",
      code: aws_lambda.Code.fromInline("exports.h = () => 1"),
    });
    fn.addFunctionUrl({ authType: aws_lambda.FunctionUrlAuthType.NONE });
    const bucket = new aws_s3.Bucket(this, "B", {
      autoDeleteObjects: true,
      removalPolicy: cdk.RemovalPolicy.DESTROY,
    });
    new aws_cloudfront.Distribution(this, "D", {
      defaultBehavior: { origin: origins.S3BucketOrigin.withOriginAccessControl(bucket) },
    });
    new Child(this, "Child");
  }
}

const app = new cdk.App({ outdir: "cdk.out" });
new Web(app, "Web", { env: { region: "us-east-1" }, analyticsReporting: true });
app.synth();
