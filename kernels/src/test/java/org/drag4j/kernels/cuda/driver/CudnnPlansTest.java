package org.drag4j.kernels.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** cuDNN's plans for Stable Diffusion 1.5, where there is a cuDNN 9; no GPU is needed. */
class CudnnPlansTest {
  @Test
  void everyConvolutionAndAttentionHasAPlan(@TempDir Path folder) throws IOException {
    var probe = CudaLibraries.ofThisMachine().find(CudaLibrary.CUDNN);
    assumeTrue(probe instanceof LibraryProbe.Loaded l && l.major() >= 9, probe.line());
    assumeTrue(
        CudaLibraries.ofThisMachine().find(CudaLibrary.DRIVER) instanceof LibraryProbe.Missing,
        "there is a driver, whose place the stand-in must not take");
    String source;
    try (var in = CudnnPlansTest.class.getResourceAsStream("libcuda-plans.c")) {
      source = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
    var driver = Gcc.library(folder, "libcuda.so.1", source);
    var out =
        Gcc.output(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                CudnnPlansRun.class.getName(),
                driver.toString()));
    var lines = out.lines().toList();
    assertEquals("end", lines.getLast(), out);
    assertEquals(List.of(), lines.stream().filter(l -> l.startsWith("refused")).toList(), out);
    int expected = CudnnPlansRun.attentions(1).size() + 1;
    for (int batch : new int[] {1, 2, 10}) {
      expected += CudnnPlansRun.convolutions(batch).size();
    }
    assertEquals(expected, lines.stream().filter(l -> l.startsWith("engine")).count(), out);
    System.out.println("cuDNN plans of Stable Diffusion 1.5: " + expected + " by " + probe.line());
  }
}
