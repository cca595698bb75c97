package tidegate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.mlflow.api.proto.Service.Experiment;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.api.proto.Service.ViewType;
import org.mlflow.tracking.MlflowClient;

/** A script of years ago goes on as it was. What is tagged calls a path that MLflow's own server has dropped. */
class OldPathsTest {
  private static final MlflowClient client = new MlflowClient();
  private final String name = "java 1 " + UUID.randomUUID();
  private final String experiment = client.createExperiment(name);

  @Test
  @Tag("differs")
  void experimentsAreListed() {
    List<String> names = client.listExperiments().stream().map(Experiment::getName).collect(Collectors.toList());
    assertTrue(names.contains(name) && names.contains("Default"), names.toString());
    assertTrue(names.indexOf("Default") < names.indexOf(name));
  }

  @Test
  @Tag("differs")
  void anExperimentIsFoundByNameAmongThoseListed() {
    assertEquals(experiment, client.getExperimentByName(name).get().getExperimentId());
    assertFalse(client.getExperimentByName(name + "!").isPresent());
  }

  @Test
  @Tag("differs")
  void aDeletedExperimentIsNotListed() {
    client.deleteExperiment(experiment);
    assertTrue(client.listExperiments().stream().noneMatch(one -> one.getName().equals(name)));
    assertEquals("deleted", client.getExperiment(experiment).getExperiment().getLifecycleStage());
  }

  @Test
  void aRunIsLoggedAndReadBack() {
    String run = client.createRun(experiment).getRunUuid();
    client.logParam(run, "p", "1");
    for (int step = 0; step < 3; step++) client.logMetric(run, "m", step / 2.0, 1000 + step, step);
    client.setTag(run, "t", "v");
    client.setTerminated(run, RunStatus.FINISHED);
    assertEquals("1", client.getRun(run).getData().getParams(0).getValue());
    assertEquals(1.0, client.getRun(run).getData().getMetrics(0).getValue());
    assertEquals(3, client.getMetricHistory(run, "m").size());
    assertEquals(RunStatus.FINISHED, client.getRun(run).getInfo().getStatus());
  }

  @Test
  void runsAreSearchedAndListed() {
    RunInfo run = client.createRun(experiment);
    client.logMetric(run.getRunUuid(), "acc", 0.9);
    assertEquals(1, client.listRunInfos(experiment).size());
    assertEquals(1, client.searchRuns(List.of(experiment), "metrics.acc > 0.5").size());
    assertEquals(0, client.searchRuns(List.of(experiment), "metrics.acc > 0.95", ViewType.ALL, 10).getPageSize());
  }
}
