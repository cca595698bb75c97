package tidegate;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What Java clients of before 2.0 call, which MLflow's own server has dropped since. Not asked of another server. */
@Tag("differs")
class DroppedPathsTest extends Server {
  @Test
  void experimentsAreListed() {
    String id = newExperiment();
    assertTrue(client.sendGet("experiments/list?view_type=ACTIVE_ONLY").contains("\"experiment_id\":\"" + id + "\""));
  }

  @Test
  void deletedExperimentsAreListedApart() {
    String id = newExperiment();
    client.deleteExperiment(id);
    assertTrue(client.sendGet("experiments/list?view_type=DELETED_ONLY").contains("\"" + id + "\""));
    assertTrue(!client.sendGet("experiments/list").contains("\"experiment_id\":\"" + id + "\""));
  }
}
