package org.drag4j.cli.console;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The folder that holds the demo's model and samples. */
public record AppHome(Path path) {
  /** Names the folder where it is not the one above the program's own file. */
  public static final String PROPERTY = "drag4j.home";

  private static final String DOCUMENT = ".json";
  private static final String HINT = ".txt";
  private static final int LEVELS = 4;

  /**
   * Finds it: the one the launcher names, or the nearest above the program that has samples.
   *
   * @throws IOException where there is none
   */
  public static AppHome find() throws IOException {
    @Nullable String named = System.getProperty(PROPERTY);
    if (named != null) {
      return new AppHome(Path.of(named));
    }
    try {
      var source = AppHome.class.getProtectionDomain().getCodeSource();
      if (source != null && source.getLocation() != null) {
        @Nullable Path folder = Path.of(source.getLocation().toURI()).getParent();
        for (int i = 0; i < LEVELS && folder != null; i++, folder = folder.getParent()) {
          if (Files.isDirectory(folder.resolve("samples"))) {
            return new AppHome(folder);
          }
        }
      }
    } catch (URISyntaxException e) {
      throw new IOException(unknown(), e);
    }
    throw new IOException(unknown());
  }

  private static String unknown() {
    return "demo: expected a folder samples near the program, got none; start it with the drag4j"
        + " launcher";
  }

  /** The small model of the demo. */
  public Path demoModel() {
    return path.resolve("models").resolve("demo");
  }

  /** A sample's edit document. */
  public Path sample(String name) {
    return path.resolve("samples").resolve(name + DOCUMENT);
  }

  /**
   * What a sample shows.
   *
   * @param look where to look
   * @param next a command to try next
   */
  public record Hint(String look, String next) {}

  /**
   * What a sample shows.
   *
   * @throws IOException where its text cannot be read
   */
  public Hint hint(String name) throws IOException {
    var lines = Files.readAllLines(path.resolve("samples").resolve(name + HINT));
    if (lines.size() != 2) {
      throw new IOException(
          "samples/%s%s: expected where to look and what to try next, got %d lines; unpack drag4j again"
              .formatted(name, HINT, lines.size()));
    }
    return new Hint(lines.getFirst(), lines.getLast());
  }

  /**
   * The names of all samples, sorted.
   *
   * @throws IOException where the folder cannot be read
   */
  public List<String> samples() throws IOException {
    try (Stream<Path> files = Files.list(path.resolve("samples"))) {
      return files
          .map(file -> Optional.ofNullable(file.getFileName()).map(Path::toString).orElse(""))
          .filter(name -> name.endsWith(DOCUMENT))
          .map(name -> name.substring(0, name.length() - DOCUMENT.length()))
          .sorted()
          .toList();
    }
  }
}
