package org.drag4j.kernels.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.drag4j.device.DeviceException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaLibrariesTest {
  @TempDir Path root;

  private Path file(String path) throws IOException {
    var file = root.resolve(path);
    Files.createDirectories(file.getParent());
    return Files.createFile(file);
  }

  /**
   * A library in a file of that name, but not known to this process under it: what is loaded stays,
   * and other tests must not find it.
   */
  private static Path standIn(Path folder, String name, String source, String... more) {
    return Gcc.library(folder, "standin-" + name, name, source, more);
  }

  private List<String> candidates(CudaLibraries libraries, CudaLibrary library) {
    return libraries.candidates(library).stream()
        .map(c -> root.relativize(c.path()).toString())
        .toList();
  }

  @Test
  void theVariableComesFirstThenToolkitsNewestFirstThenPythonThenTheSystem() throws IOException {
    file("usr/lib/x86_64-linux-gnu/libnvrtc.so.12");
    file("usr/lib/python3/dist-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12");
    file("usr/local/lib/python3.9/site-packages/nvidia/cu13/lib/libnvrtc.so.13");
    file("usr/local/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13");
    file("usr/local/cuda-12.9/lib64/libnvrtc.so.12");
    file("usr/local/cuda-12.10/lib64/libnvrtc.so.12");
    file("home/toolkit/lib64/libnvrtc.so.13");
    file("mine/libnvrtc.so.12");
    file("mine/libnvrtc.so.13");
    file("mine/nvidia/cuda_nvrtc/lib/libnvrtc.so.13");
    file("loader/libnvrtc.so.13");
    file("venv/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12");
    assertTrue(file("opt/torch/bin/python3").toFile().setExecutable(true));
    file("opt/torch/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13");
    file("opt/other/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13");
    var libraries =
        CudaLibraries.of(
            Map.of(
                CudaLibraries.VARIABLE,
                root.resolve("none") + ":" + root.resolve("mine"),
                "CUDA_PATH",
                root.resolve("home/toolkit").toString(),
                "VIRTUAL_ENV",
                root.resolve("venv").toString(),
                "PATH",
                root.resolve("opt/other/bin") + ":" + root.resolve("opt/torch/bin"),
                "LD_LIBRARY_PATH",
                root.resolve("loader").toString()),
            root);
    assertEquals(
        List.of(
            "mine/libnvrtc.so.13",
            "mine/libnvrtc.so.12",
            "mine/nvidia/cuda_nvrtc/lib/libnvrtc.so.13",
            "home/toolkit/lib64/libnvrtc.so.13",
            "usr/local/cuda-12.10/lib64/libnvrtc.so.12",
            "usr/local/cuda-12.9/lib64/libnvrtc.so.12",
            "loader/libnvrtc.so.13",
            "venv/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12",
            "opt/torch/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13",
            "usr/local/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13",
            "usr/local/lib/python3.9/site-packages/nvidia/cu13/lib/libnvrtc.so.13",
            "usr/lib/python3/dist-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12",
            "usr/lib/x86_64-linux-gnu/libnvrtc.so.12"),
        candidates(libraries, CudaLibrary.NVRTC));
  }

  @Test
  void aMissingLibrarySaysWhatWasLookedForAndWhatHelps() {
    var libraries = CudaLibraries.of(Map.of(), root);
    var missing =
        assertInstanceOf(LibraryProbe.Missing.class, libraries.find(CudaLibrary.CUBLASLT));
    assertEquals("libcublasLt.so.13 and libcublasLt.so.12 not found", missing.reason());
    assertEquals(
        "cublasLt missing: libcublasLt.so.13 and libcublasLt.so.12 not found", missing.line());
    var e = assertThrows(DeviceException.class, () -> libraries.require(CudaLibrary.CUBLASLT));
    assertEquals(
        "cublasLt: libcublasLt.so.13 and libcublasLt.so.12 not found; set DRAG4J_CUDA_LIBS to the"
            + " folder that holds it",
        e.getMessage());
  }

  @Test
  void aFileThatIsNoLibraryIsNamed() throws IOException {
    var path = file("usr/local/cuda/lib64/libcublas.so.13");
    var missing =
        assertInstanceOf(
            LibraryProbe.Missing.class, CudaLibraries.of(Map.of(), root).find(CudaLibrary.CUBLAS));
    assertTrue(missing.reason().startsWith(path + ": expected a library that loads"));
  }

  @Test
  void aLibraryIsLoadedWithItsOwnVersionAndTheNextTriedWhereOneFails() throws IOException {
    file("first/libcublasLt.so.13");
    var second =
        standIn(
            root.resolve("second"),
            "libcublasLt.so.12",
            "int cublasLtGetProperty(int p, int *out) { *out = 12 - 5 * p; return 0; }");
    var libraries =
        CudaLibraries.of(
            Map.of(CudaLibraries.VARIABLE, root.resolve("first") + ":" + root.resolve("second")),
            root);
    var loaded = assertInstanceOf(LibraryProbe.Loaded.class, libraries.find(CudaLibrary.CUBLASLT));
    assertEquals("cublasLt 12.7.2 (" + second + ")", loaded.line());
    assertEquals(12, loaded.major());
    assertSame(loaded, libraries.find(CudaLibrary.CUBLASLT));
  }

  @Test
  void nothingNewerThanTheDriverIsTaken() {
    standIn(
        root.resolve("usr/lib64"),
        "libcuda.so.1",
        "int cuDriverGetVersion(int *v) { *v = 12040; return 0; }");
    for (var release : List.of("13", "12")) {
      standIn(
          root.resolve("usr/lib64"),
          "libnvrtc.so." + release,
          "int nvrtcVersion(int *a, int *b) { *a = " + release + "; *b = 4; return 0; }");
    }
    var libraries = CudaLibraries.of(Map.of(), root);
    var driver = assertInstanceOf(LibraryProbe.Loaded.class, libraries.find(CudaLibrary.DRIVER));
    assertEquals("12.4", driver.version());
    var nvrtc = assertInstanceOf(LibraryProbe.Loaded.class, libraries.find(CudaLibrary.NVRTC));
    assertEquals("12.4", nvrtc.version());
    assertEquals("libnvrtc.so.12", nvrtc.soname());
  }

  @Test
  void builtinsBesideTheCompilerAreLoadedBeforeIt() {
    var folder = root.resolve("lib");
    Gcc.library(folder, "libnvrtc-builtins.so.13.7", "int drag4j_builtins(void) { return 7; }");
    standIn(
        folder,
        "libnvrtc.so.13",
        """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        int nvrtcVersion(int *a, int *b) {
          void *h = dlopen("libnvrtc-builtins.so.13.7", RTLD_LAZY);
          *a = 13;
          *b = h ? ((int (*)(void)) dlsym(h, "drag4j_builtins"))() : -1;
          return 0;
        }
        """,
        "-ldl");
    var libraries = CudaLibraries.of(Map.of(CudaLibraries.VARIABLE, folder.toString()), root);
    var nvrtc = assertInstanceOf(LibraryProbe.Loaded.class, libraries.find(CudaLibrary.NVRTC));
    assertEquals("13.7", nvrtc.version());
  }

  @Test
  void cudnnWithoutItsPartsIsRefusedBeforeItEndsTheProcess() {
    var folder = root.resolve("lib");
    var source = "int cudnnGetProperty(int p, int *out) { *out = 9 + 15 * p; return 0; }";
    var path = standIn(folder, "libcudnn.so.9", source);
    var environment = Map.of(CudaLibraries.VARIABLE, folder.toString());
    var missing =
        assertInstanceOf(
            LibraryProbe.Missing.class,
            CudaLibraries.of(environment, root).find(CudaLibrary.CUDNN));
    assertEquals(path + ": expected libcudnn_graph.so.9 beside it, got none", missing.reason());
    standIn(folder, "libcudnn_graph.so.9", "int drag4j_graph;");
    var loaded =
        assertInstanceOf(
            LibraryProbe.Loaded.class, CudaLibraries.of(environment, root).find(CudaLibrary.CUDNN));
    assertEquals("9.24.39", loaded.version());
  }
}
