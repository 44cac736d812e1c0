package org.drag4j.kernels.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import org.drag4j.kernels.cuda.driver.Cubins;
import org.drag4j.kernels.cuda.driver.CudaSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What nvcc makes ahead is what a device finds; needs nvcc but no GPU. */
final class CubinBuilderTest {
  private static final String FILE = "concat.cu";

  @Test
  void whatIsBuiltIsFound(@TempDir Path folder) throws IOException {
    assumeTrue(Nvcc.isPresent(), "no nvcc on the PATH: no CUDA kernel is compiled ahead");
    var source = CudaSource.of(FILE, CudaKernels.source(FILE));
    var lines = CubinBuilder.build(source, folder);
    Files.writeString(folder.resolve(Cubins.INDEX), String.join("\n", lines));
    var cubins = Cubins.of(name -> read(folder.resolve(name)));
    var seen = new HashSet<Integer>();
    for (int chip : new int[] {80, 89, 90}) {
      var cubin = cubins.cubin(source, chip / 10, chip % 10).orElseThrow();
      assertEquals("\177ELF", new String(cubin, 0, 4, StandardCharsets.ISO_8859_1));
      seen.add(Arrays.hashCode(cubin));
    }
    assertEquals(3, seen.size());
    var ptx = new String(cubins.ptx(source, 12).orElseThrow(), StandardCharsets.UTF_8);
    assertTrue(ptx.contains(".target sm_80") && ptx.contains("concat_f16"), ptx);
    assertTrue(ptx.endsWith("\0"));
  }

  private static Optional<byte[]> read(Path file) {
    try {
      return Files.exists(file) ? Optional.of(Files.readAllBytes(file)) : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
