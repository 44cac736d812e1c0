package org.drag4j.cli.console;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;

/**
 * The commit this program was built from: what its jar says, else, where it runs from a checkout,
 * what git says.
 */
public final class BuildCommit {
  private static final String UNKNOWN = "unknown";
  private static final String ATTRIBUTE = "Git-Commit";
  private static final int PATIENCE_SECONDS = 10;

  private BuildCommit() {}

  /** The hash, with {@code -dirty} where the checkout has changes; {@code unknown} without one. */
  public static String find() {
    return manifest().or(BuildCommit::checkout).orElse(UNKNOWN);
  }

  private static Optional<String> manifest() {
    var source = BuildCommit.class.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) {
      return Optional.empty();
    }
    try {
      var file = Path.of(source.getLocation().toURI());
      if (!Files.isRegularFile(file)) {
        return Optional.empty();
      }
      try (var jar = new JarFile(file.toFile())) {
        return Optional.ofNullable(jar.getManifest())
            .flatMap(m -> Optional.ofNullable(m.getMainAttributes().getValue(ATTRIBUTE)))
            .filter(commit -> !commit.equals(UNKNOWN));
      }
    } catch (IOException | URISyntaxException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> checkout() {
    try {
      var home = AppHome.find().path();
      // Not any repository that happens to lie above: this program's own.
      if (!Files.exists(home.resolve(".git"))) {
        return Optional.empty();
      }
      var git =
          new ProcessBuilder(
                  "git",
                  "-C",
                  home.toString(),
                  "describe",
                  "--always",
                  "--dirty",
                  "--exclude=*",
                  "--abbrev=40")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      var said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) && git.exitValue() == 0
          ? Optional.of(said)
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // no git, or no checkout
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
