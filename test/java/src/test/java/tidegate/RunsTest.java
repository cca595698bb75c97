package tidegate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mlflow.api.proto.Service.CreateRun;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.tracking.ActiveRun;
import org.mlflow.tracking.MlflowContext;

class RunsTest extends Server {
  @Test
  void aRunIsBegunAndRead() {
    String experiment = newExperiment();
    RunInfo made = client.createRun(experiment);
    RunInfo found = client.getRun(made.getRunId()).getInfo();
    assertEquals(made, found);
    assertEquals(made.getRunId(), found.getRunUuid());
    assertEquals(experiment, found.getExperimentId());
    assertEquals(RunStatus.RUNNING, found.getStatus());
    assertEquals("active", found.getLifecycleStage());
    assertTrue(found.getStartTime() > 0 && found.getArtifactUri().endsWith("artifacts"));
  }

  @Test
  void aRunIsBegunWithWhatIsGiven() {
    RunInfo made = client.createRun(CreateRun.newBuilder().setExperimentId(newExperiment()).setStartTime(456).setRunName("mine").addTags(tag("a", "1")).build());
    assertEquals(456, made.getStartTime());
    assertEquals("mine", made.getRunName());
    assertEquals(Map.of("a", "1"), tags(made.getRunId()));
  }

  @Test
  void aRunHasAParent() {
    String parent = newRun();
    String child = newRun();
    client.setTag(child, "mlflow.parentRunId", parent);
    assertTrue(client.getRun(child).getData().getTagsList().contains(tag("mlflow.parentRunId", parent)));
  }

  @Test
  void aRunIsTerminatedNow() {
    String run = newRun();
    long before = System.currentTimeMillis();
    client.setTerminated(run);
    RunInfo found = client.getRun(run).getInfo();
    assertEquals(RunStatus.FINISHED, found.getStatus());
    assertTrue(found.getEndTime() >= before);
  }

  @Test
  void aRunIsTerminatedAsItIsSaid() {
    String run = newRun();
    client.setTerminated(run, RunStatus.FAILED, 99);
    assertEquals(RunStatus.FAILED, client.getRun(run).getInfo().getStatus());
    assertEquals(99, client.getRun(run).getInfo().getEndTime());
  }

  @Test
  void aRunIsDeletedAndRestored() {
    String run = newRun();
    client.deleteRun(run);
    assertEquals("deleted", client.getRun(run).getInfo().getLifecycleStage());
    refused(400, "INVALID_PARAMETER_VALUE", () -> client.setTag(run, "t", "v"));
    client.restoreRun(run);
    assertEquals("active", client.getRun(run).getInfo().getLifecycleStage());
  }

  @Test
  void anUnknownRunIsNotFound() {
    refused(404, "RESOURCE_DOES_NOT_EXIST", () -> client.getRun("0".repeat(32)));
  }

  @Test
  void aRunIsLedByTheContext() {
    MlflowContext context = new MlflowContext(client).setExperimentId(newExperiment());
    ActiveRun active = context.startRun("named");
    active.logParam("p", "1");
    active.logParams(Map.of("q", "2", "r", "true"));
    active.logMetric("m", 0.5, 3);
    active.logMetrics(Map.of("n", 1.5), 4);
    active.setTag("t", "v");
    active.setTags(Map.of("u", "w"));
    active.endRun();
    String run = active.getId();
    assertEquals(Map.of("p", "1", "q", "2", "r", "true"), params(run));
    assertEquals(Map.of("m", 0.5, "n", 1.5), metrics(run));
    assertEquals(Map.of("t", "v", "u", "w"), tags(run));
    assertEquals(RunStatus.FINISHED, client.getRun(run).getInfo().getStatus());
    assertTrue(client.getRun(run).getData().getTagsList().contains(tag("mlflow.runName", "named")));
  }

  @Test
  void aRunWithinAnotherHasItForParent() {
    MlflowContext context = new MlflowContext(client).setExperimentId(newExperiment());
    ActiveRun parent = context.startRun("parent");
    ActiveRun child = context.startRun("child", parent.getId());
    assertTrue(client.getRun(child.getId()).getData().getTagsList().contains(tag("mlflow.parentRunId", parent.getId())));
  }
}
