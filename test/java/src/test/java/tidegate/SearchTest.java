package tidegate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mlflow.api.proto.Service.CreateRun;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.ViewType;
import org.mlflow.tracking.RunsPage;

class SearchTest extends Server {
  private String experiment;
  private String one;
  private String two;

  @BeforeEach
  void twoRuns() {
    experiment = newExperiment();
    one = begin(1000, "5", 0.4, "works");
    two = begin(2000, "15", 0.9, "also works");
  }

  private String begin(long start, String depth, double accuracy, String test) {
    String run = client.createRun(CreateRun.newBuilder().setExperimentId(experiment).setStartTime(start).build()).getRunId();
    client.logParam(run, "max_depth", depth);
    client.logMetric(run, "acc", accuracy);
    client.setTag(run, "test", test);
    return run;
  }

  private List<String> find(String filter, String... order) {
    return ids(client.searchRuns(List.of(experiment), filter, ViewType.ACTIVE_ONLY, 100, List.of(order)).getItems());
  }

  @Test
  void runsAreFoundByMetric() {
    assertEquals(List.of(), find("metrics.acc < 0"));
    assertEquals(List.of(one), find("metrics.acc < 0.5"));
    assertEquals(List.of(two), find("metrics.acc > 0.5"));
  }

  @Test
  void runsAreFoundByParam() {
    assertEquals(List.of(one), find("params.max_depth = '5'"));
    assertEquals(List.of(two), find("params.max_depth != '5'"));
  }

  @Test
  void runsAreFoundByTag() {
    assertEquals(List.of(one), find("tags.test = 'works'"));
    assertEquals(List.of(two), find("tag.test LIKE 'also%'"));
  }

  @Test
  void runsAreOrdered() {
    assertEquals(List.of(one, two), find("", "metrics.acc"));
    assertEquals(List.of(two, one), find("", "metrics.acc DESC"));
    assertEquals(List.of(two, one), find(""));
  }

  @Test
  void aFoundRunHasWhatItLogged() {
    Run found = client.searchRuns(List.of(experiment), "params.max_depth = '5'", ViewType.ACTIVE_ONLY, 10).getItems().get(0);
    assertEquals(client.getRun(one), found);
  }

  @Test
  void runsComeByPages() {
    for (int number = 0; number < 3; number++) begin(3000 + number, "1", 0.1, "more");
    RunsPage page = client.searchRuns(List.of(experiment), "", ViewType.ACTIVE_ONLY, 2, List.of("attribute.start_time ASC"));
    List<Integer> sizes = new ArrayList<>(List.of(page.getPageSize()));
    List<String> seen = new ArrayList<>(ids(page.getItems()));
    while (page.hasNextPage()) {
      page = (RunsPage) page.getNextPage();
      sizes.add(page.getPageSize());
      seen.addAll(ids(page.getItems()));
    }
    assertEquals(List.of(2, 2, 1), sizes);
    assertEquals(one, seen.get(0));
    assertEquals(5, seen.stream().distinct().count());
  }

  @Test
  void deletedRunsAreFoundApart() {
    client.deleteRun(one);
    assertEquals(List.of(two), find(""));
    assertEquals(List.of(one), ids(client.searchRuns(List.of(experiment), null, ViewType.DELETED_ONLY, 10).getItems()));
    assertEquals(2, client.searchRuns(List.of(experiment), null, ViewType.ALL, 10).getPageSize());
  }

  @Test
  void theRunsOfAnExperimentAreListed() {
    assertEquals(List.of(two, one), client.listRunInfos(experiment).stream().map(RunInfo::getRunId).collect(java.util.stream.Collectors.toList()));
  }

  @Test
  void aWrongFilterIsRefused() {
    refused(400, "INVALID_PARAMETER_VALUE", () -> find("metrics.acc > 'x'"));
  }
}
