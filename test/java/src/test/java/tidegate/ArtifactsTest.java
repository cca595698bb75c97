package tidegate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.api.proto.Service.FileInfo;

/** This client lists artifacts by itself and starts MLflow's Python for their bytes. */
class ArtifactsTest extends Server {
  @TempDir Path folder;

  private File file(String name, String content) throws IOException {
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.writeString(path, content).toFile();
  }

  private static List<String> listed(List<FileInfo> found) {
    return found.stream().map(info -> info.getPath() + (info.getIsDir() ? "/" : " " + info.getFileSize())).collect(Collectors.toList());
  }

  @Test
  void aRunWithoutFilesHasNone() {
    assertEquals(List.of(), client.listArtifacts(newRun()));
  }

  @Test
  void aFileIsLoggedListedAndDownloaded() throws IOException {
    String run = newRun();
    client.logArtifact(run, file("a.txt", "from java"));
    client.logArtifact(run, file("a.txt", "from java"), "deep/er");
    assertEquals(List.of("a.txt 9", "deep/"), listed(client.listArtifacts(run)));
    assertEquals(List.of("deep/er/a.txt 9"), listed(client.listArtifacts(run, "deep/er")));
    assertEquals("from java", Files.readString(client.downloadArtifacts(run, "deep/er/a.txt").toPath()));
  }

  @Test
  void aFolderIsLoggedAndDownloaded() throws IOException {
    String run = newRun();
    file("tree/a.txt", "a");
    file("tree/b/c.txt", "c");
    client.logArtifacts(run, folder.resolve("tree").toFile(), "copy");
    File down = client.downloadArtifacts(run, "copy");
    assertTrue(new File(down, "b/c.txt").isFile());
    assertEquals(List.of("copy/a.txt 1", "copy/b/"), listed(client.listArtifacts(run, "copy")));
  }
}
