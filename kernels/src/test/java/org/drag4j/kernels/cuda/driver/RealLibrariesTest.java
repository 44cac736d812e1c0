package org.drag4j.kernels.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.drag4j.device.DeviceException;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;

/** NVIDIA's own libraries where this machine has them; none of these tests needs a GPU. */
class RealLibrariesTest {
  private static final long GIGABYTE = 1L << 30;

  private static LibraryProbe.Loaded found(CudaLibrary library) {
    var probe = CudaLibraries.ofThisMachine().find(library);
    assumeTrue(probe instanceof LibraryProbe.Loaded, probe.line());
    return (LibraryProbe.Loaded) probe;
  }

  @Test
  void nvrtcCompilesForChipsAndTellsOfErrors() {
    var nvrtc = Nvrtc.open(found(CudaLibrary.NVRTC));
    var source =
        CudaSource.of(
            "add.cu",
            "extern \"C\" __global__ void add(float *x, float y) { x[threadIdx.x] += y; }\n");
    var cubin = nvrtc.compile(source, List.of("--std=c++17"), "sm_90");
    assertEquals("ELF", new String(cubin, 1, 3, StandardCharsets.US_ASCII));
    var ptx = new String(nvrtc.compile(source, List.of(), "compute_80"), StandardCharsets.US_ASCII);
    assertTrue(ptx.contains(".visible .entry add"));
    assertEquals(0, ptx.charAt(ptx.length() - 1));
    var e =
        assertThrows(
            DeviceException.class,
            () ->
                nvrtc.compile(
                    CudaSource.of("bad.cu", "__global__ void f() { undeclared = 1; }"),
                    List.of(),
                    "sm_90"));
    assertTrue(String.valueOf(e.getMessage()).contains("undeclared"), e.getMessage());
  }

  /** For a chip that nothing was compiled ahead for. */
  @Test
  void nvrtcCompilesEveryKernel() {
    var nvrtc = Nvrtc.open(found(CudaLibrary.NVRTC));
    for (var file : CudaKernels.files()) {
      var source = CudaSource.of(file, CudaKernels.source(file));
      assertTrue(nvrtc.compile(source, List.of("--std=c++17"), "sm_90").length > 0, file);
    }
  }

  @Test
  void nvtxTakesRanges() {
    var nvtx = Nvtx.open(found(CudaLibrary.NVTX));
    int depth = nvtx.push("outer");
    nvtx.push("inner");
    nvtx.pop();
    // Without a profiler every depth is the same negative number.
    assertEquals(depth, nvtx.pop());
  }

  @Test
  void cudnnPlansConvolutionsOfTheUnetForAGpuThatIsNotHere() {
    var library = found(CudaLibrary.CUDNN);
    assumeTrue(library.major() >= 9, library.line());
    try (var cudnn = Cudnn.offline(library, CudnnPlansRun.H200)) {
      for (var spec :
          List.of(
              new ConvolutionSpec(2, 64, 64, 320, 320, 3, 3, 1, 1, 1, DType.F16, false, false),
              new ConvolutionSpec(2, 64, 64, 320, 320, 3, 3, 2, 1, 1, DType.F16, false, false),
              new ConvolutionSpec(2, 32, 32, 640, 1280, 1, 1, 1, 0, 0, DType.F16, false, false))) {
        try (var plan = cudnn.prepare(spec, GIGABYTE).prepared().orElseThrow()) {
          assertTrue(plan.workspaceBytes() >= 0);
          assertTrue(cudnn.describe(plan).startsWith("{"));
          assertThrows(IllegalStateException.class, () -> plan.enqueue(0, 0, 0, 0, 0, 0, 0));
        }
      }
    }
  }

  @Test
  void cublasLtRefusesToStartWithoutADevice() {
    var library = found(CudaLibrary.CUBLASLT);
    assumeTrue(
        CudaLibraries.ofThisMachine().find(CudaLibrary.DRIVER) instanceof LibraryProbe.Missing,
        "there is a driver");
    var e = assertThrows(DeviceException.class, () -> CublasLt.open(library));
    assertTrue(String.valueOf(e.getMessage()).contains("CUBLAS_STATUS_NOT_INITIALIZED"));
  }
}
