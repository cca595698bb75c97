package tidegate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mlflow.api.proto.Service.Metric;

class ParamsTagsMetricsTest extends Server {
  @Test
  void aParamIsLoggedAndNotChanged() {
    String run = newRun();
    client.logParam(run, "p", "ü 潮");
    client.logParam(run, "p", "ü 潮");
    refused(400, "Changing param values is not allowed", () -> client.logParam(run, "p", "2"));
    assertEquals(Map.of("p", "ü 潮"), params(run));
  }

  @Test
  void tagsAreSetReplacedAndDeleted() {
    String run = newRun();
    client.setTag(run, "a", "1");
    client.setTag(run, "a", "again");
    client.setTag(run, "b", "2");
    client.deleteTag(run, "b");
    assertEquals(Map.of("a", "again"), tags(run));
    refused(404, "No tag with name: b", () -> client.deleteTag(run, "b"));
  }

  @Test
  void aMetricHasItsValueStepAndTime() {
    String run = newRun();
    client.logMetric(run, "m", 123.456789123456789, 17, 3);
    Metric point = client.getRun(run).getData().getMetrics(0);
    assertEquals(metric("m", 123.456789123456789, 17, 3), point);
  }

  @Test
  void aMetricWithoutAStepIsOfStepZeroAndNow() {
    String run = newRun();
    client.logMetric(run, "m", 1);
    assertEquals(0, client.getRun(run).getData().getMetrics(0).getStep());
    assertTrue(client.getRun(run).getData().getMetrics(0).getTimestamp() > 1_600_000_000_000L);
  }

  @Test
  void theLatestMetricIsOfTheHighestStepThenTime() {
    String run = newRun();
    client.logMetric(run, "m", 1, 1000, 1);
    client.logMetric(run, "m", 2, 2000, -5);
    client.logMetric(run, "m", -3, 3000, 4);
    client.logMetric(run, "m", 4, 2999, 4);
    assertEquals(Map.of("m", -3.0), metrics(run));
  }

  @Test
  void theHistoryHasEveryPoint() {
    String run = newRun();
    for (int step = 0; step < 5; step++) client.logMetric(run, "m", step / 2.0, 1000 + step, step);
    assertEquals(List.of("0:0.0", "1:0.5", "2:1.0", "3:1.5", "4:2.0"), history(run, "m"));
    assertEquals(List.of(), history(run, "nothing"));
  }

  @Test
  void nanAndTheInfinitiesComeBack() {
    String run = newRun();
    client.logMetric(run, "nan", Double.NaN);
    client.logMetric(run, "up", Double.POSITIVE_INFINITY);
    client.logMetric(run, "down", Double.NEGATIVE_INFINITY);
    assertTrue(metrics(run).get("nan").isNaN());
    assertEquals(Double.MAX_VALUE, metrics(run).get("up"));
    assertEquals(-Double.MAX_VALUE, metrics(run).get("down"));
    assertEquals(1, client.getMetricHistory(run, "nan").size());
  }

  @Test
  void aKeyMayNeedQuotingInAnAddress() {
    String run = newRun();
    client.logMetric(run, "val/größe a:b", 2);
    assertEquals(List.of("0:2.0"), history(run, "val/größe a:b"));
  }
}
