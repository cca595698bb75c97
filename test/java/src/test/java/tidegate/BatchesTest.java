package tidegate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mlflow.api.proto.Service.Metric;

class BatchesTest extends Server {
  @Test
  void aBatchHasMetricsParamsAndTags() {
    String run = newRun();
    client.logBatch(run, List.of(metric("m", 32.23, 12, 0)), List.of(param("p", "1"), param("q", "2")), List.of(tag("t", "v")));
    assertEquals(Map.of("m", 32.23), metrics(run));
    assertEquals(Map.of("p", "1", "q", "2"), params(run));
    assertEquals(Map.of("t", "v"), tags(run));
  }

  @Test
  void aBatchMayHaveMetricsOnly() {
    String run = newRun();
    client.logBatch(run, List.of(metric("m", 1, 1000, 1), metric("m", 2, 2000, 3), metric("m", 3, 0, -2)), null, null);
    assertEquals(Map.of("m", 2.0), metrics(run));
  }

  @Test
  void aBatchMayHaveParamsOrTagsOnly() {
    String run = newRun();
    client.logBatch(run, null, List.of(param("p", "a b")), null);
    client.logBatch(run, null, null, List.of(tag("t", "v")));
    assertEquals(Map.of("p", "a b"), params(run));
    assertEquals(Map.of("t", "v"), tags(run));
  }

  @Test
  void aBatchMayBeEmpty() {
    String run = newRun();
    client.logBatch(run, null, null, null);
    assertEquals(Map.of(), metrics(run));
  }

  @Test
  void aBatchOfAThousandPointsIsLoggedWhole() {
    String run = newRun();
    List<Metric> points = new ArrayList<>();
    for (int step = 0; step < 1000; step++) points.add(metric("m", step, step, step));
    client.logBatch(run, points, null, null);
    assertEquals(1000, client.getMetricHistory(run, "m").size());
  }

  @Test
  void aBatchPastItsLimitIsRefusedWhole() {
    String run = newRun();
    List<Metric> points = new ArrayList<>();
    for (int step = 0; step < 1001; step++) points.add(metric("m", step, step, step));
    refused(400, "at most 1000 metrics", () -> client.logBatch(run, points, null, null));
    assertEquals(Map.of(), metrics(run));
  }

  @Test
  void aBatchWithAChangedParamLeavesNothing() {
    String run = newRun();
    client.logParam(run, "p", "1");
    refused(400, "Changing param values is not allowed", () -> client.logBatch(run, List.of(metric("m", 1, 1, 1)), List.of(param("p", "2")), null));
    assertEquals(Map.of(), metrics(run));
  }
}
