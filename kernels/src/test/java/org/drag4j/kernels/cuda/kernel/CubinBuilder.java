package org.drag4j.kernels.cuda.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.drag4j.kernels.cuda.driver.Cubins;
import org.drag4j.kernels.cuda.driver.CudaSource;

/** Compiles every source with nvcc into a folder for {@link Cubins}; {@code gpu/cubins} runs it. */
final class CubinBuilder {
  private CubinBuilder() {}

  /** The folder to write to. */
  public static void main(String[] args) throws IOException {
    var folder = Path.of(args[0] + Cubins.FOLDER);
    var lines = new ArrayList<String>();
    lines.add("# nvcc " + Nvcc.version());
    for (var file : CudaKernels.files()) {
      lines.addAll(build(CudaSource.of(file, CudaKernels.source(file)), folder));
    }
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(Cubins.INDEX), String.join("\n", lines) + "\n");
  }

  /** One call of nvcc for all chips; returns the programs' lines in the list. */
  static List<String> build(CudaSource source, Path folder) throws IOException {
    var work = Files.createTempDirectory("drag4j-cubins");
    try {
      var file = work.resolve(source.name());
      Files.writeString(file, source.text());
      var command = new ArrayList<>(List.of("nvcc", "--threads", "2", "--keep"));
      command.addAll(List.of("--keep-dir", work.toString(), "-diag-suppress", "177"));
      command.addAll(Cubins.OPTIONS);
      for (var chip : Cubins.CHIPS) {
        var number = chip.substring(chip.indexOf('_') + 1);
        command.addAll(List.of("-gencode", "arch=compute_" + number + ",code=" + chip));
      }
      command.addAll(List.of("-gencode", "arch=" + Cubins.PTX + ",code=" + Cubins.PTX));
      command.addAll(List.of("-fatbin", "-o", work.resolve("all").toString(), file.toString()));
      Tool.run(command.toArray(String[]::new));
      var lines = new ArrayList<String>();
      for (var chip : Cubins.CHIPS) {
        var number = chip.substring(chip.indexOf('_') + 1);
        lines.add(keep(chip, source, work, number + ".cubin", folder));
      }
      lines.add(keep(Cubins.PTX, source, work, Cubins.PTX + ".ptx", folder));
      return lines;
    } finally {
      try (var files = Files.list(work)) {
        for (var f : files.toList()) {
          Files.delete(f);
        }
      }
      Files.delete(work);
    }
  }

  private static String keep(String arch, CudaSource source, Path work, String suffix, Path folder)
      throws IOException {
    List<Path> found;
    try (Stream<Path> files = Files.list(work)) {
      found = files.filter(f -> f.toString().endsWith(suffix)).toList();
    }
    if (found.size() != 1) {
      throw new IllegalStateException(
          source.name() + ": expected nvcc to keep one file *" + suffix + ", got " + found);
    }
    var program = Files.readAllBytes(found.getFirst());
    var to = folder.resolve(Cubins.file(arch, source.name()));
    Files.createDirectories(to.resolve("..").normalize());
    Files.write(to, program);
    return Cubins.line(arch, source, program);
  }
}
