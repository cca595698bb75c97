package tidegate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.mlflow.api.proto.Service.CreateExperiment;
import org.mlflow.api.proto.Service.Experiment;
import org.mlflow.api.proto.Service.ExperimentTag;
import org.mlflow.api.proto.Service.ViewType;
import org.mlflow.tracking.ExperimentsPage;

class ExperimentsTest extends Server {
  static List<String> names(List<Experiment> found) {
    return found.stream().map(Experiment::getName).collect(Collectors.toList());
  }

  @Test
  void anExperimentIsMadeAndFoundByIdAndByName() {
    String name = unique("made");
    String id = client.createExperiment(name);
    Experiment found = client.getExperiment(id);
    assertEquals(name, found.getName());
    assertEquals("active", found.getLifecycleStage());
    assertEquals(found, client.getExperimentByName(name).get());
    assertTrue(found.getCreationTime() > 0 && found.getLastUpdateTime() >= found.getCreationTime());
  }

  @Test
  void anExperimentThereIsNotIsEmptyByName() {
    assertFalse(client.getExperimentByName(unique("nobody")).isPresent());
  }

  @Test
  void anExperimentIsMadeWithTagsAndALocation() {
    String id = client.createExperiment(CreateExperiment.newBuilder().setName(unique("tagged"))
        .setArtifactLocation("mlflow-artifacts:/from/java").addTags(ExperimentTag.newBuilder().setKey("a").setValue("1")).build());
    Experiment found = client.getExperiment(id);
    assertEquals("mlflow-artifacts:/from/java", found.getArtifactLocation());
    assertEquals("1", found.getTags(0).getValue());
  }

  @Test
  void aNameIsTakenOnce() {
    String name = unique("taken");
    client.createExperiment(name);
    refused(400, "RESOURCE_ALREADY_EXISTS", () -> client.createExperiment(name));
  }

  @Test
  void anExperimentIsRenamed() {
    String id = newExperiment();
    String name = unique("renamed");
    client.renameExperiment(id, name);
    assertEquals(name, client.getExperiment(id).getName());
  }

  @Test
  void anExperimentIsDeletedAndRestored() {
    String id = newExperiment();
    client.deleteExperiment(id);
    assertEquals("deleted", client.getExperiment(id).getLifecycleStage());
    client.restoreExperiment(id);
    assertEquals("active", client.getExperiment(id).getLifecycleStage());
  }

  @Test
  void anExperimentIsTagged() {
    String id = newExperiment();
    client.setExperimentTag(id, "a", "1");
    client.setExperimentTag(id, "a", "again");
    assertEquals(1, client.getExperiment(id).getTagsCount());
    assertEquals("again", client.getExperiment(id).getTags(0).getValue());
  }

  @Test
  void anUnknownExperimentIsNotFound() {
    refused(404, "RESOURCE_DOES_NOT_EXIST", () -> client.getExperiment("987654321"));
  }

  @Test
  void experimentsAreSearchedByPages() {
    String start = unique("page");
    List<String> made = new ArrayList<>();
    for (int number = 0; number < 5; number++) {
      made.add(start + number);
      client.createExperiment(start + number);
    }
    ExperimentsPage page = client.searchExperiments("name LIKE '" + start + "%'", ViewType.ACTIVE_ONLY, 2, List.of("name ASC"));
    List<String> seen = new ArrayList<>(names(page.getItems()));
    while (page.hasNextPage()) {
      page = (ExperimentsPage) page.getNextPage();
      seen.addAll(names(page.getItems()));
    }
    assertEquals(made, seen);
  }

  @Test
  void deletedExperimentsAreSearchedApart() {
    String name = unique("deleted");
    client.deleteExperiment(client.createExperiment(name));
    String filter = "name = '" + name + "'";
    assertEquals(0, client.searchExperiments(filter).getPageSize());
    assertEquals(1, client.searchExperiments(filter, ViewType.DELETED_ONLY, 10, new ArrayList<>()).getPageSize());
  }

  @Test
  void allExperimentsAreSearchedWithoutAFilter() {
    newExperiment();
    assertTrue(client.searchExperiments().getPageSize() > 0);
  }
}
