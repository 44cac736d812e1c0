package org.drag4j.kernels.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * JCuda, JCublas, JCudnn, launches, cuBLASLt and cuDNN on libraries in C that stand in for
 * NVIDIA's.
 */
class StandInTest {
  private static final int NOT_SUPPORTED = 801;

  private static String source(String name) throws IOException {
    try (var in = StandInTest.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /**
   * JCuda's library ends the process where a function of the driver is missing, so all are there.
   */
  private static String driver(Path folder) throws IOException {
    var jcuda = Files.write(folder.resolve("jcuda.so"), JCudaNatives.packaged("JCudaDriver"));
    var names = new TreeSet<String>();
    for (var line :
        Gcc.output(List.of("nm", "-D", "--undefined-only", jcuda.toString())).lines().toList()) {
      var name = line.substring(line.lastIndexOf(' ') + 1);
      if (name.startsWith("cu")) {
        names.add(name);
      }
    }
    var text = new StringBuilder(source("libcuda.c"));
    for (var name : names) {
      if (text.indexOf("R " + name + "(") < 0) {
        text.append("R ").append(name).append("(void) { return ");
        text.append(NOT_SUPPORTED).append("; }\n");
      }
    }
    return text.toString();
  }

  /** NVIDIA's functions carry their library's name as their version. */
  private static void versioned(Path folder, String soname, String source) throws IOException {
    var versions =
        Files.writeString(folder.resolve(soname + ".map"), soname + " { global: *; };\n");
    Gcc.library(folder, soname, soname, source, "-Wl,--version-script=" + versions, "-lm");
  }

  @Test
  void theBindingsDoWhatTheirInterfacesSay(@TempDir Path folder) throws IOException {
    Gcc.library(folder, "libcuda.so.1", driver(folder));
    versioned(folder, "libcublas.so.13", source("libcublas.c"));
    Gcc.library(folder, "libcublasLt.so.13", source("libcublas.c"));
    Gcc.library(folder, "libcudnn_graph.so.9", "int drag4j_graph;");
    versioned(folder, "libcudnn.so.9", source("libcudnn.c"));
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path"))));
    command.add(StandInRun.class.getName());
    command.add(folder.toString());
    assertEquals(
        """
        devices: 2 Stand-in 1
        attributes: 9 1 1099511627776
        memory info: MemoryInfo[freeBytes=3145728, totalBytes=5242880]
        bytes: 9 -56 -13 9
        too much: memory: cuda: cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY
        closed pool: cuda: pool: expected an open one, got 0x88
        millis: 1.5
        bad image: cuda: cuModuleLoadData: CUDA_ERROR_INVALID_IMAGE
        no kernel: cuda: cuModuleGetFunction none: CUDA_ERROR_NOT_FOUND
        shared: 49152
        launched: 11
        waiting: cuda: cuStreamSynchronize: CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
        recorded: 11
        replayed: 33
        cublaslt biased without workspace: false
        cublaslt: right
        cublaslt: right
        cublaslt: right
        cublaslt: right
        cublaslt: right
        cublaslt: right
        jcublas biased without workspace: false
        jcublas: right
        jcublas: not prepared
        jcublas: not prepared
        jcublas: right
        jcublas: not prepared
        jcublas: right
        cudnn without workspace: false
        cudnn: right
        cudnn: right
        cudnn: right
        cudnn: right
        cudnn: right
        cudnn: right
        cudnn: right
        cudnn: right
        cudnn: right
        cudnn: right
        cudnn attention by: engine7
        cudnn attention: right
        jcudnn without workspace: false
        jcudnn: right
        jcudnn: right
        jcudnn: right
        jcudnn: right
        jcudnn: right
        jcudnn: right
        jcudnn: right
        jcudnn: right
        jcudnn: not prepared
        end: closed
        """,
        Gcc.output(command));
  }
}
