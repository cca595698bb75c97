package tidegate;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.function.Executable;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.Param;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowClientException;

/** The server under test, as the tests speak to it and of it. */
abstract class Server {
  static final MlflowClient client = new MlflowClient();

  /** That name as no other test, client or earlier turn has it. */
  static String unique(String name) {
    return name + " " + UUID.randomUUID();
  }

  static String newExperiment() {
    return client.createExperiment(unique("java"));
  }

  static String newRun() {
    return client.createRun(newExperiment()).getRunId();
  }

  static Map<String, Double> metrics(String run) {
    return client.getRun(run).getData().getMetricsList().stream().collect(Collectors.toMap(Metric::getKey, Metric::getValue));
  }

  static Map<String, String> params(String run) {
    return client.getRun(run).getData().getParamsList().stream().collect(Collectors.toMap(Param::getKey, Param::getValue));
  }

  /** Its tags without those that the client and the server set. */
  static Map<String, String> tags(String run) {
    return client.getRun(run).getData().getTagsList().stream()
        .filter(tag -> !tag.getKey().startsWith("mlflow."))
        .collect(Collectors.toMap(RunTag::getKey, RunTag::getValue));
  }

  static List<String> ids(List<Run> runs) {
    return runs.stream().map(run -> run.getInfo().getRunId()).collect(Collectors.toList());
  }

  static Metric metric(String key, double value, long timestamp, long step) {
    return Metric.newBuilder().setKey(key).setValue(value).setTimestamp(timestamp).setStep(step).build();
  }

  static Param param(String key, String value) {
    return Param.newBuilder().setKey(key).setValue(value).build();
  }

  static RunTag tag(String key, String value) {
    return RunTag.newBuilder().setKey(key).setValue(value).build();
  }

  /** The call is answered with this status, and what the client says of it holds these words. */
  static void refused(int status, String words, Executable call) {
    MlflowClientException fault = assertThrows(MlflowClientException.class, call);
    String said = fault.getMessage() + (fault.getCause() == null ? "" : fault.getCause().getMessage());
    assertTrue(said.contains(words), said);
    assertTrue(said.contains(String.valueOf(status)), said);
  }

  /** The points of a metric as `step:value`, in the order they come. */
  static List<String> history(String run, String key) {
    return client.getMetricHistory(run, key).stream().map(point -> point.getStep() + ":" + point.getValue()).collect(Collectors.toList());
  }
}
