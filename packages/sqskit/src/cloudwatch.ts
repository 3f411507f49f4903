// Apart, because it needs the optional peer @aws-sdk/client-cloudwatch.
export {
  type CloudWatchLike,
  type CloudWatchSink,
  type CloudWatchSinkOptions,
  createCloudWatchSink,
} from '@sqskit/metrics/cloudwatch';
