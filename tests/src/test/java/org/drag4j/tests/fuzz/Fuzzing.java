package org.drag4j.tests.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.drag4j.picture.PictureSegmentsFuzz;
import org.drag4j.picture.PngFuzz;

/**
 * Runs Jazzer on the targets, each in a process of its own: {@code Fuzzing all|TARGET SECONDS}. New
 * inputs go to {@code target/fuzz}, beside what breaks a target.
 */
public final class Fuzzing {
  /** Inputs that are kept, by target. */
  static final Path CORPUS = Path.of("src", "test", "resources", "fuzz");

  /** A class with {@code fuzzerTestOneInput}, and that method. */
  record Target(Class<?> type, Consumer<byte[]> method) {}

  /** All targets by the name of their folder. */
  static Map<String, Target> targets() {
    var targets = new LinkedHashMap<String, Target>();
    targets.put(
        "document", new Target(EditDocumentFuzz.class, EditDocumentFuzz::fuzzerTestOneInput));
    targets.put("png", new Target(PngFuzz.class, PngFuzz::fuzzerTestOneInput));
    targets.put(
        "safetensors", new Target(SafetensorsFuzz.class, SafetensorsFuzz::fuzzerTestOneInput));
    targets.put(
        "shards",
        new Target(ShardedSafetensorsFuzz.class, ShardedSafetensorsFuzz::fuzzerTestOneInput));
    targets.put(
        "segments", new Target(PictureSegmentsFuzz.class, PictureSegmentsFuzz::fuzzerTestOneInput));
    return targets;
  }

  private Fuzzing() {}

  /** Fuzzes and returns what Jazzer does: 0 where nothing was found. */
  public static void main(String[] args) throws IOException, InterruptedException {
    var targets = targets();
    boolean all = args.length > 0 && args[0].equals("all");
    if (args.length != 2
        || !(all || targets.containsKey(args[0]))
        || !args[1].matches("\\d{1,6}")) {
      System.err.println("fuzz: expected all or one of " + targets.keySet() + ", and seconds");
      System.exit(2);
    }
    int failed = 0;
    for (var target : targets.entrySet()) {
      if (all || target.getKey().equals(args[0])) {
        failed |= run(target.getKey(), target.getValue().type(), args[1]);
      }
    }
    System.exit(failed);
  }

  private static int run(String name, Class<?> target, String seconds)
      throws IOException, InterruptedException {
    var found = Files.createDirectories(Path.of("target", "fuzz", name));
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+EnableDynamicAgentLoading",
                "-Djava.awt.headless=true",
                "-Xmx1g",
                "-cp",
                System.getProperty("java.class.path"),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target.getName(),
                "--instrumentation_includes=org.drag4j.**:tools.jackson.core.json.*",
                "--custom_hook_excludes=**",
                "--reproducer_path=" + found.getParent()));
    command.addAll(
        List.of(
            "-max_total_time=" + seconds,
            "-timeout=300",
            "-rss_limit_mb=3072",
            "-max_len=16384",
            "-print_final_stats=1",
            "-artifact_prefix=" + found.getParent() + "/" + name + "-",
            found.toString(),
            CORPUS.resolve(name).toString()));
    System.err.println("fuzz: " + name + " for " + seconds + " s");
    return new ProcessBuilder(command).inheritIO().start().waitFor() == 0 ? 0 : 1;
  }
}
