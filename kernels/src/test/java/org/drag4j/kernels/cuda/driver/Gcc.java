package org.drag4j.kernels.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The C compiler, for libraries that stand in for NVIDIA's; tests that need it are skipped without.
 */
final class Gcc {
  private Gcc() {}

  /** Compiles to a shared object in a file named as its soname. */
  static Path library(Path folder, String soname, String source) {
    return library(folder, soname, soname, source);
  }

  /** Compiles to a shared object. */
  static Path library(Path folder, String soname, String file, String source, String... more) {
    var all = new ArrayList<>(List.of("-shared", "-fPIC", "-Wl,-soname," + soname));
    all.addAll(List.of(more));
    return run(folder, file, source, all);
  }

  /** Compiles to a program. */
  static Path program(Path folder, String name, String source, String... more) {
    return run(folder, name, source, List.of(more));
  }

  private static Path run(Path folder, String name, String source, List<String> more) {
    try {
      Files.createDirectories(folder);
      var file = folder.resolve(name + ".c");
      Files.writeString(file, source);
      var out = folder.resolve(name);
      var command = new ArrayList<>(List.of("gcc", "-O1", "-w", "-o", out.toString()));
      command.add(file.toString());
      command.addAll(more);
      var log = output(command);
      Files.delete(file);
      assertEquals("", log);
      return out;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What a program prints; the test is skipped where there is no such program. */
  static String output(List<String> command) {
    try {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      process.waitFor();
      return text;
    } catch (IOException _) {
      assumeTrue(false, "no " + command.getFirst() + " on this machine");
      return "";
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
